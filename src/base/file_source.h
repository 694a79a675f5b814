/*-------------------------------------------------------------------------
 *
 * file_source.h
 *		A file of the server as a source.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FILE_SOURCE_H
#define NVP_FILE_SOURCE_H

#include "base/source.h"

extern NvpSource *nvp_source_file(const char *path);

#endif							/* NVP_FILE_SOURCE_H */
