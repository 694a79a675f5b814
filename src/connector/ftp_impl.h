/*-------------------------------------------------------------------------
 *
 * ftp_impl.h
 *		What ftp.c (transfers) and ftpdir.c (listings) share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FTP_IMPL_H
#define NVP_FTP_IMPL_H

#include "connector/remote.h"

typedef struct NvpFtpState
{
	NvpRemote	remote;
	char	   *base;			/* ftp://host:port */
	char	   *directory;		/* as configured, may be empty */
	bool		need_tls;
	bool		no_mlsd;		/* the server refused it */
	TimestampTz last_used;
	TimestampTz list_until;		/* when a listing must be done */
} NvpFtpState;

extern NvpFtpState *nvp_ftp_state(NvpConnector *connector);
extern char *nvp_ftp_place(const NvpFtpState *state, const char *path);
extern void nvp_ftp_request(const NvpFtpState *state, NvpRequest *request, const char *path);
extern bool nvp_ftp_perform(NvpFtpState *state, const NvpRequest *request, NvpResponse *response);
extern bool nvp_ftp_commands(NvpFtpState *state, char **commands, int timeout_ms, NvpRequest *request,
							 NvpResponse *response);
extern bool nvp_ftp_stat(NvpFtpState *state, const char *path, int timeout_ms, NvpResponse *response);

extern char *nvp_ftp_read_listing(NvpFtpState *state, bool *is_mlsd, NvpFault *fault);
extern bool nvp_ftp_list(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault);

#endif							/* NVP_FTP_IMPL_H */
