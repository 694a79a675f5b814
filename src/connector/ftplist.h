/*-------------------------------------------------------------------------
 *
 * ftplist.h
 *		Reads what FTP servers answer to MLSD and LIST.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FTPLIST_H
#define NVP_FTPLIST_H

#include "datatype/timestamp.h"

typedef enum NvpFtpKind
{
	NVP_FTP_FILE,
	NVP_FTP_LINK,				/* size and time are those of the link */
	NVP_FTP_FOLDER,
	NVP_FTP_OTHER				/* a line that is no entry, "." and ".." */
} NvpFtpKind;

typedef struct NvpFtpEntry
{
	NvpFtpKind	kind;
	char	   *name;			/* points into the line */
	int64		bytes;			/* -1 unknown */
	TimestampTz modified_at;	/* 0 unknown */
} NvpFtpEntry;

extern void nvp_ftp_parse_mlsd(char *line, NvpFtpEntry *entry);
extern void nvp_ftp_parse_list(char *line, NvpFtpEntry *entry);

#endif							/* NVP_FTPLIST_H */
