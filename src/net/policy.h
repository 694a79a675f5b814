/*-------------------------------------------------------------------------
 *
 * policy.h
 *		Where a connection may go: schemes, addresses, redirects.
 *
 * Calls:  init (throws nothing; reads the setting), then address checks from
 *		   callbacks of libcurl, which never throw.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_POLICY_H
#define NVP_POLICY_H

#include "base/network.h"

typedef struct NvpPolicy
{
	NvpNetwork	allowed[NVP_NETWORK_MAX];	/* nuvopipe.allowed_networks, parsed */
	int			nallowed;
	bool		denied;			/* an address was refused */
	char		denied_address[64]; /* which */
} NvpPolicy;

typedef enum NvpRedirect
{
	NVP_REDIRECT_SAME,			/* the same scheme, host and port */
	NVP_REDIRECT_OTHER,			/* another place: secrets must not follow */
	NVP_REDIRECT_REFUSED		/* not http(s), or from https down to http */
} NvpRedirect;

extern void nvp_policy_init(NvpPolicy *policy);
extern bool nvp_policy_allows(NvpPolicy *policy, const struct sockaddr *sa);
extern bool nvp_policy_allows_text(NvpPolicy *policy, const char *address);
extern NvpRedirect nvp_policy_redirect(const char *from, const char *to);
extern const char *nvp_policy_check_url(const char *url);
extern char *nvp_url_place(const char *url);
extern char *nvp_url_escape_path(const char *path);

#endif							/* NVP_POLICY_H */
