/*-------------------------------------------------------------------------
 *
 * pages.c
 *		Bytes that are written once, and read anywhere.
 *
 * The page that is being filled is in memory; a full one goes to the file at
 * once, and stays in its frame.  A frame is given up for another page by the
 * clock: the hand passes over frames that were used since it came by.
 *
 * See pages.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/scratch.h"
#include "format/pages.h"

#define PAGE_BYTES	8192

struct NvpPages
{
	NvpScratch *scratch;
	int64		size;			/* bytes appended */
	char	   *tail;			/* the page that is being filled */
	int32	   *frame_of;		/* by page: its frame, -1 = it is in the file only */
	int64		npages;			/* of the file */
	int64		max_pages;		/* allocated in frame_of */
	char	   *frames;
	int64	   *page_in;		/* by frame: its page */
	bool	   *used;			/* by frame: since the hand came by */
	int			nframes;
	int			filled;			/* frames that were ever used */
	int			hand;
};

/* nvp_pages_create makes an empty store that keeps up to max_bytes in memory. */
NvpPages *
nvp_pages_create(int64 max_bytes)
{
	NvpPages   *pages = palloc0(sizeof(NvpPages));

	pages->scratch = nvp_scratch_create();
	pages->nframes = (int) Max(max_bytes / PAGE_BYTES, 4);
	pages->tail = palloc(PAGE_BYTES);
	pages->frames = palloc((size_t) pages->nframes * PAGE_BYTES);
	pages->page_in = palloc(sizeof(int64) * pages->nframes);
	pages->used = palloc0(sizeof(bool) * pages->nframes);
	pages->max_pages = 1024;
	pages->frame_of = palloc(sizeof(int32) * pages->max_pages);
	return pages;
}

/* take_frame returns a frame for a page */
static int
take_frame(NvpPages *pages, int64 page)
{
	int			frame;

	if (pages->filled < pages->nframes)
		frame = pages->filled++;
	else
	{
		while (pages->used[pages->hand])
		{
			pages->used[pages->hand] = false;
			pages->hand = (pages->hand + 1) % pages->nframes;
		}
		frame = pages->hand;
		pages->hand = (pages->hand + 1) % pages->nframes;
		pages->frame_of[pages->page_in[frame]] = -1;
	}
	pages->page_in[frame] = page;
	pages->frame_of[page] = frame;
	return frame;
}

/* write_tail gives the full page to the file */
static bool
write_tail(NvpPages *pages)
{
	int64		page = pages->npages;

	if (!nvp_scratch_append(pages->scratch, pages->tail, PAGE_BYTES))
		return false;
	if (page == pages->max_pages)
	{
		pages->max_pages *= 2;
		pages->frame_of = repalloc(pages->frame_of, sizeof(int32) * pages->max_pages);
	}
	pages->npages++;
	memcpy(pages->frames + (size_t) take_frame(pages, page) * PAGE_BYTES, pages->tail, PAGE_BYTES);
	return true;
}

/* nvp_pages_append writes behind what was written last. */
bool
nvp_pages_append(NvpPages *pages, const char *data, int64 len)
{
	while (len > 0)
	{
		int64		at = pages->size % PAGE_BYTES;
		int64		n = Min(len, PAGE_BYTES - at);

		memcpy(pages->tail + at, data, n);
		pages->size += n;
		data += n;
		len -= n;
		if (at + n == PAGE_BYTES && !write_tail(pages))
			return false;
	}
	return true;
}

/* find_page returns the bytes of a page, NULL on error */
static const char *
find_page(NvpPages *pages, int64 page)
{
	int			frame;
	char	   *bytes;

	if (page == pages->npages)
		return pages->tail;
	frame = pages->frame_of[page];
	if (frame >= 0)
	{
		pages->used[frame] = true;
		return pages->frames + (size_t) frame * PAGE_BYTES;
	}
	frame = take_frame(pages, page);
	bytes = pages->frames + (size_t) frame * PAGE_BYTES;
	if (nvp_scratch_read(pages->scratch, bytes, PAGE_BYTES, page * PAGE_BYTES))
		return bytes;
	return NULL;
}

/* nvp_pages_read copies len bytes from offset on, all of which were appended. */
bool
nvp_pages_read(NvpPages *pages, char *buf, int64 len, int64 offset)
{
	Assert(offset >= 0 && offset + len <= pages->size);
	while (len > 0)
	{
		int64		at = offset % PAGE_BYTES;
		int64		n = Min(len, PAGE_BYTES - at);
		const char *page = find_page(pages, offset / PAGE_BYTES);

		if (page == NULL)
			return false;
		memcpy(buf, page + at, n);
		buf += n;
		offset += n;
		len -= n;
	}
	return true;
}

/* nvp_pages_error tells why append or read failed. */
const char *
nvp_pages_error(const NvpPages *pages)
{
	return nvp_scratch_error(pages->scratch);
}

void
nvp_pages_free(NvpPages *pages)
{
	nvp_scratch_free(pages->scratch);
	pfree(pages->tail);
	pfree(pages->frames);
	pfree(pages->page_in);
	pfree(pages->used);
	pfree(pages->frame_of);
	pfree(pages);
}
