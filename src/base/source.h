/*-------------------------------------------------------------------------
 *
 * source.h
 *		A stream of bytes that can be read twice.
 *
 * Readers pull from a source and know nothing of files, spools or memory.
 * A decoder (gzip, UTF-16) is a source that wraps another one.
 *
 * Errors: read returns -1 and leaves a message in error, with what kind of
 *		   failure it was and, where there is one, the cure.  What stores its
 *		   bytes in the database may throw as well, so that neither read nor
 *		   read_at is ever called inside a callback of a foreign library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SOURCE_H
#define NVP_SOURCE_H

typedef struct NvpSource NvpSource;

typedef enum NvpSourceFault
{
	NVP_SOURCE_IO = 0,			/* the storage failed; another try may work */
	NVP_SOURCE_DATA,			/* the bytes are not what they should be */
	NVP_SOURCE_LIMIT			/* they are more than is allowed */
} NvpSourceFault;

struct NvpSource
{
	/* read up to size bytes; 0 at the end, -1 on error (error is set) */
	int64		(*read) (NvpSource *source, char *buf, int64 size);
	/* begin again at the first byte; false on error (error is set) */
	bool		(*rewind) (NvpSource *source);
	/*
	 * MAY be NULL, as in decoders: read up to size bytes from offset on; 0 at
	 * or behind the end, -1 on error (error is set).  Reading goes on where it
	 * was, and total_bytes is known.
	 */
	int64		(*read_at) (NvpSource *source, char *buf, int64 size, int64 offset);
	/* MAY be NULL: release what the source holds, and a wrapped source too */
	void		(*close) (NvpSource *source);
	int64		total_bytes;	/* bytes of the stored object, -1 if unknown */
	int64		read_bytes;		/* bytes of it consumed so far, for progress */
	const char *error;			/* message of the last failure, or NULL */
	const char *hint;			/* its cure, a sentence, or NULL */
	NvpSourceFault fault;		/* its kind */
};

extern NvpSource *nvp_source_memory(const char *data, int64 len);
extern void nvp_source_inherit_error(NvpSource *outer, const NvpSource *inner);

#endif							/* NVP_SOURCE_H */
