/*-------------------------------------------------------------------------
 *
 * writer_impl.h
 *		What the writers of this room share with one another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WRITER_IMPL_H
#define NVP_WRITER_IMPL_H

#include "format/writer.h"

#define NVP_WRITER_BYTES	(256 * 1024)
#define NVP_WRITER_PAD		16	/* may be read and written behind the buffer */

struct NvpXlsxBook;

struct NvpWriter
{
	NvpWriteFormat format;
	NvpSinkFunc sink;
	void	   *arg;
	int			ncols;
	char	  **names;			/* JSON, XML: ready to write, with quotes and colon, or as tags; XLSX: as they are */
	uint32	   *name_lens;
	char	   *buf;
	uint32		used;
	uint64		rows;
	char	   *root_tag;		/* XML */
	char	   *row_tag;
	bool		failed;			/* the sink refused bytes; nothing more is written */
	const char *problem;		/* failed for what was to be written, or NULL */
	struct NvpXlsxBook *book;	/* XLSX */
};

extern void nvp_writer_flush(NvpWriter *writer);
extern void nvp_writer_put(NvpWriter *writer, const char *data, uint32 len);
extern char *nvp_writer_room(NvpWriter *writer, uint32 len);

extern void nvp_csv_write_header(NvpWriter *writer, const char *const *names);
extern void nvp_csv_write_row(NvpWriter *writer, const NvpBatch *batch, int row);
extern void nvp_json_write_begin(NvpWriter *writer, const char *const *names);
extern void nvp_json_write_row(NvpWriter *writer, const NvpBatch *batch, int row);
extern void nvp_json_write_end(NvpWriter *writer);

/* xlsx_writer.c */
extern void nvp_xlsx_write_begin(NvpWriter *writer, const char *const *names);
extern void nvp_xlsx_write_row(NvpWriter *writer, const NvpBatch *batch, int row);
extern void nvp_xlsx_write_end(NvpWriter *writer);
extern void nvp_xlsx_write_note(NvpWriter *writer, int col, const char *text, uint32 len);

/* xml_writer.c */
extern void nvp_xml_write_begin(NvpWriter *writer, const char *const *names);
extern void nvp_xml_write_row(NvpWriter *writer, const NvpBatch *batch, int row);
extern void nvp_xml_write_end(NvpWriter *writer);

static inline void
nvp_writer_put_char(NvpWriter *writer, char c)
{
	if (unlikely(writer->used == NVP_WRITER_BYTES))
		nvp_writer_flush(writer);
	writer->buf[writer->used++] = c;
}

#endif							/* NVP_WRITER_IMPL_H */
