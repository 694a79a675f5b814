/*-------------------------------------------------------------------------
 *
 * reader_impl.h
 *		What the readers of this room share with one another.
 *
 * Each kind of reader is a struct that begins with NvpReaderBase; reader.c
 * allocates it by the size in its entry, fills the common part and calls open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_READER_IMPL_H
#define NVP_READER_IMPL_H

#include "format/names.h"
#include "format/reader.h"
#include "format/window.h"

#define NVP_DEFAULT_RECORD_BYTES	(16 * 1024 * 1024)
#define NVP_LEAST_RECORD_BYTES		64
#define NVP_MOST_RECORD_BYTES		(512 * 1024 * 1024)

typedef struct NvpReaderBase
{
	NvpReader	reader;
	NvpSource  *inner;			/* what reader.source decodes, or is */
	NvpWindow	window;
	NvpNames	names;			/* the unique names in reader.header */
	int			header_size;	/* allocated in reader.header and raw_header */
	bool		force_plain;	/* tests: no vector instructions */
} NvpReaderBase;

typedef struct NvpReaderEntry
{
	NvpFormatKind kind;
	size_t		size;			/* of the struct that begins with NvpReaderBase */
	const NvpReaderRoutine *routine;
} NvpReaderEntry;

extern const NvpReaderEntry nvp_csv_entry;
extern const NvpReaderEntry nvp_json_entry;
extern const NvpReaderEntry nvp_jsonl_entry;
extern const NvpReaderEntry nvp_rows_entry;
extern const NvpReaderEntry nvp_xlsx_entry;
extern const NvpReaderEntry nvp_ods_entry;
extern const NvpReaderEntry nvp_xls_entry;
extern const NvpReaderEntry nvp_xml_entry;
extern const NvpReaderEntry nvp_fixed_entry;

/* nvp_reader_open with a window of window_bytes and without SIMD if plain; for tests */
extern NvpReader *nvp_reader_open_with(NvpSource *source, const NvpFormat *format,
									   uint32 window_bytes, bool plain);

/* set reader->error and return false */
extern bool nvp_reader_fail(NvpReader *reader, uint64 line_no, uint64 byte_offset,
							const char *hint, const char *fmt,...) pg_attribute_printf(5, 6);
extern bool nvp_reader_fail_io(NvpReader *reader);
extern bool nvp_reader_fail_locked(NvpReader *reader);

/* append a column with the name as written (text may be NULL: none) */
extern void nvp_reader_add_column(NvpReader *reader, const char *text, uint32 len);

/* cell helpers */
static inline void
nvp_cell_set(NvpCell *cell, const char *ptr, uint32 len, uint8 kind, uint8 flags)
{
	cell->ptr = ptr;
	cell->len = len;
	cell->kind = kind;
	cell->flags = flags;
	cell->unused = 0;
}

#endif							/* NVP_READER_IMPL_H */
