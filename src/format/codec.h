/*-------------------------------------------------------------------------
 *
 * codec.h
 *		What the libraries that decompress have in common.
 *
 * A compressed file is a sequence of members (gzip), frames (zstd) or streams
 * (bzip2, xz), each of which begins with a mark of its own.
 *
 * Calls:  nvp_codec_open, { step until NVP_STEP_END, reset }*, nvp_codec_close.
 * Memory: the libraries use malloc; what they hold is given back by close, at
 *		   the latest with the context current at open.
 * Errors: returned.  Nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CODEC_H
#define NVP_CODEC_H

#include "format/decompress.h"

/* most memory for what was seen before, 128 MB; archivers use it only when told to */
#define NVP_CODEC_WINDOW_LOG	27

typedef enum NvpCodecStep
{
	NVP_STEP_ON = 0,			/* more input, or more room, is needed */
	NVP_STEP_END,				/* the member is complete */
	NVP_STEP_BAD,				/* the bytes are damaged */
	NVP_STEP_WINDOW,			/* it needs more memory than we give it */
	NVP_STEP_MEMORY				/* there is no memory */
} NvpCodecStep;

/* bytes to be read and room to be filled; a step moves both on */
typedef struct NvpCodecIo
{
	const unsigned char *in;
	size_t		in_left;
	char	   *out;
	size_t		out_left;
	const char *why;			/* of NVP_STEP_BAD: what the library says, or NULL */
} NvpCodecIo;

typedef struct NvpCodecRoutine
{
	NvpCompression compression;
	bool		(*begins) (const unsigned char *p, size_t len); /* is this the mark of a member? */
	int			mark_bytes;		/* what begins needs to be sure */
	void	   *(*create) (void);	/* NULL: no memory */
	bool		(*reset) (void *state); /* ready for the next member; false: no memory */
	NvpCodecStep (*step) (void *state, NvpCodecIo *io);
	void		(*destroy) (void *state);
} NvpCodecRoutine;

typedef struct NvpCodec
{
	const NvpCodecRoutine *routine;
	void	   *state;			/* the library's; NULL when closed */
	MemoryContextCallback callback;
} NvpCodec;

extern const NvpCodecRoutine *nvp_codec_routine(NvpCompression compression);
extern NvpCodec *nvp_codec_open(const NvpCodecRoutine *routine);
extern void nvp_codec_close(NvpCodec *codec);

#endif							/* NVP_CODEC_H */
