/*-------------------------------------------------------------------------
 *
 * parcel.c
 *		Requests and answers as bytes, for the way to another process and back.
 *
 * A parcel is a row of numbers and texts without any address in it.  It is
 * written twice, the first time to nowhere, to learn how long it is.  What is
 * taken out of a parcel points into it.
 *
 * Errors: XX001 for a parcel that is not what was packed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/shmem.h"
#include "utils/memutils.h"

#include "http/internal.h"

typedef struct NvpParcel
{
	char	   *data;			/* NULL: only measured */
	Size		size;
	Size		at;
} NvpParcel;

/* ---- putting in ---------------------------------------------------------------- */

static void
put(NvpParcel *parcel, const void *bytes, Size n)
{
	Size		end = add_size(parcel->at, n);

	if (parcel->data && n > 0)
	{
		if (end > parcel->size)
			ereport(ERROR,
					errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("a parcel is longer than it was measured"));
		memcpy(parcel->data + parcel->at, bytes, n);
	}
	parcel->at = end;
}

static void
put_number(NvpParcel *parcel, uint64 number)
{
	put(parcel, &number, sizeof(number));
}

/* the length with the zero at the end, 0 = NULL, and the text with it */
static void
put_text(NvpParcel *parcel, const char *text)
{
	Size		n = text ? strlen(text) + 1 : 0;

	put_number(parcel, n);
	put(parcel, text, n);
}

static void
put_headers(NvpParcel *parcel, const NvpHeader *headers, int n)
{
	put_number(parcel, n);
	for (int i = 0; i < n; i++)
	{
		put_text(parcel, headers[i].name);
		put_text(parcel, headers[i].value);
	}
}

/*
 * nvp_http_pack_request packs the request of a connection, with its body.
 *
 * in: data: of size bytes, or NULL to learn how many are needed.
 * out: the length.
 */
Size
nvp_http_pack_request(const NvpConnection *connection, char *data, Size size)
{
	const NvpApiRequest *request = &connection->request;
	NvpParcel	parcel = {data, size, 0};

	put_text(&parcel, request->method);
	put_text(&parcel, request->path);
	put_text(&parcel, request->query);
	put_text(&parcel, request->peer);
	put_text(&parcel, connection->label);
	put_headers(&parcel, request->headers, request->nheaders);
	put_number(&parcel, request->body ? request->body_len : 0);
	put(&parcel, request->body, request->body ? request->body_len : 0);
	return parcel.at;
}

/* nvp_http_pack_answer packs an answer; as nvp_http_pack_request. */
Size
nvp_http_pack_answer(const NvpApiAnswer *answer, char *data, Size size)
{
	NvpParcel	parcel = {data, size, 0};

	put_number(&parcel, answer->status);
	put_text(&parcel, answer->content_type);
	put_headers(&parcel, answer->headers, answer->nheaders);
	put_number(&parcel, answer->body ? answer->body_len : 0);
	put(&parcel, answer->body, answer->body ? answer->body_len : 0);
	return parcel.at;
}

/* ---- taking out ---------------------------------------------------------------- */

static char *
take(NvpParcel *parcel, uint64 n)
{
	char	   *bytes = parcel->data + parcel->at;

	if (n > parcel->size - parcel->at)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("a parcel is shorter than it says"));
	parcel->at += n;
	return bytes;
}

static uint64
take_number(NvpParcel *parcel)
{
	uint64		number;

	memcpy(&number, take(parcel, sizeof(number)), sizeof(number));
	return number;
}

static const char *
take_text(NvpParcel *parcel)
{
	uint64		n = take_number(parcel);
	const char *text = n > 0 ? take(parcel, n) : NULL;

	if (text && text[n - 1] != '\0')
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("a text in a parcel does not end"));
	return text;
}

static int
take_count(NvpParcel *parcel)
{
	uint64		n = take_number(parcel);

	/* a header has two lengths at least */
	if (n > (parcel->size - parcel->at) / (2 * sizeof(uint64)) || n > MaxAllocSize / sizeof(NvpHeader))
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("a parcel has fewer headers than it says"));
	return (int) n;
}

static void
take_headers(NvpParcel *parcel, NvpHeader *headers, int n)
{
	for (int i = 0; i < n; i++)
	{
		headers[i].name = take_text(parcel);
		headers[i].value = take_text(parcel);
	}
}

/*
 * nvp_http_unpack_request takes a request out of a parcel.
 *
 * out: request and label of the connection; they point into data.
 * owner: the list of headers is in the current memory context.
 */
void
nvp_http_unpack_request(NvpConnection *connection, char *data, Size size)
{
	NvpApiRequest *request = &connection->request;
	NvpParcel	parcel = {data, size, 0};
	NvpHeader  *headers;

	request->method = take_text(&parcel);
	request->path = take_text(&parcel);
	request->query = take_text(&parcel);
	request->peer = take_text(&parcel);
	connection->label = unconstify(char *, take_text(&parcel));
	request->nheaders = take_count(&parcel);
	headers = palloc(sizeof(NvpHeader) * Max(request->nheaders, 1));
	take_headers(&parcel, headers, request->nheaders);
	request->headers = headers;
	request->body_len = take_number(&parcel);
	request->body = take(&parcel, request->body_len);
}

/*
 * nvp_http_unpack_answer takes an answer out of a parcel; it points into data.
 */
void
nvp_http_unpack_answer(NvpApiAnswer *answer, char *data, Size size)
{
	NvpParcel	parcel = {data, size, 0};

	memset(answer, 0, sizeof(*answer));
	answer->status = (int) take_number(&parcel);
	answer->content_type = take_text(&parcel);
	answer->nheaders = take_count(&parcel);
	if (answer->nheaders > NVP_API_MAX_HEADERS)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("an answer has more than %d headers", NVP_API_MAX_HEADERS));
	take_headers(&parcel, answer->headers, answer->nheaders);
	answer->body_len = take_number(&parcel);
	answer->body = answer->content_type ? take(&parcel, answer->body_len) : NULL;
}
