/*-------------------------------------------------------------------------
 *
 * window.c
 *		The stretch of a stream that a reader is looking at.
 *
 * Flow:   keep buf[start .. end), move it to the front, read behind it until
 *		   the buffer is full or the source ends
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/window.h"

static const char utf8_bom[3] = {'\xEF', '\xBB', '\xBF'};

/*
 * nvp_window_init allocates the buffer; nothing is read yet.
 *
 * in: size, what one fill reads, and max, what one record may take, in bytes.
 */
void
nvp_window_init(NvpWindow *window, NvpSource *source, uint32 size, uint32 max)
{
	memset(window, 0, sizeof(NvpWindow));
	window->source = source;
	window->size = Min(size, max);
	window->max = max;
	window->buf = palloc((size_t) window->size + NVP_WINDOW_PAD);
	memset(window->buf, 0, (size_t) window->size + NVP_WINDOW_PAD);
}

/*
 * nvp_window_begin forgets what is buffered and reads the first bytes of the
 * source, which stands at its beginning.  A UTF-8 byte order mark is passed
 * over.
 */
NvpFill
nvp_window_begin(NvpWindow *window)
{
	NvpFill		fill;

	window->start = window->end = 0;
	window->offset = 0;
	window->eof = false;
	window->has_bom = false;
	do
		fill = nvp_window_fill(window);
	while (fill == NVP_FILL_OK && window->end < sizeof(utf8_bom) && !window->eof);
	if (fill == NVP_FILL_OK && window->end >= sizeof(utf8_bom) &&
		memcmp(window->buf, utf8_bom, sizeof(utf8_bom)) == 0)
	{
		window->has_bom = true;
		window->start = sizeof(utf8_bom);
	}
	return fill;
}

/* make_room moves what is kept to the front and grows the buffer if that is all of it */
static bool
make_room(NvpWindow *window)
{
	uint32		kept = window->end - window->start;

	if (window->start > 0)
	{
		memmove(window->buf, window->buf + window->start, kept);
		window->offset += window->start;
		window->start = 0;
		window->end = kept;
	}
	if (kept == window->size)
	{
		if (window->size >= window->max)
			return false;
		window->size = (window->size > window->max / 2) ? window->max : window->size * 2;
		window->buf = repalloc(window->buf, (size_t) window->size + NVP_WINDOW_PAD);
	}
	return true;
}

/*
 * nvp_window_fill keeps buf[start .. end) and reads more behind it.
 *
 * out: start is 0 afterwards; pointers into the buffer are stale.
 */
NvpFill
nvp_window_fill(NvpWindow *window)
{
	if (window->eof)
		return NVP_FILL_OK;
	if (!make_room(window))
		return NVP_FILL_TOO_LONG;
	while (window->end < window->size)
	{
		int64		n = window->source->read(window->source, window->buf + window->end,
											 window->size - window->end);

		if (n < 0)
			return NVP_FILL_ERROR;
		if (n == 0)
		{
			window->eof = true;
			break;
		}
		window->end += n;
	}
	memset(window->buf + window->end, 0, NVP_WINDOW_PAD);
	return NVP_FILL_OK;
}

void
nvp_window_free(NvpWindow *window)
{
	if (window->buf)
		pfree(window->buf);
	window->buf = NULL;
}
