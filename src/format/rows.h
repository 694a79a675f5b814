/*-------------------------------------------------------------------------
 *
 * rows.h
 *		Our own stream of rows of cells, in which results of queries wait.
 *
 * Layout: header = int32 columns, then for each: uint32 length, name.
 *		   row = uint32 bytes that follow, then for each column: uint8 kind
 *		   (NvpCellKind), uint32 length, bytes.
 *
 * Numbers are in the machine's own byte order: the stream lives in a spool and
 * never leaves the process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ROWS_H
#define NVP_ROWS_H

#include "base/cell.h"
#include "format/writer.h"

extern bool nvp_rows_header(NvpSinkFunc sink, void *arg, const char *const *names, int ncols);
extern bool nvp_rows_append(NvpSinkFunc sink, void *arg, const NvpCell *cells, int ncols);

#endif							/* NVP_ROWS_H */
