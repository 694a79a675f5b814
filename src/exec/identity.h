/*-------------------------------------------------------------------------
 *
 * identity.h
 *		Acting as the owner of a pipeline, for a while.
 *
 * Calls:  nvp_identity_take, the owner's work, nvp_identity_settle,
 *		   nvp_identity_give_back.  After an error: roll back, then give back.
 * Errors: those of the owner's own code, and 0A000 (settle).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_IDENTITY_H
#define NVP_IDENTITY_H

#include "exec/session.h"

/* who this process was before it became somebody else; all zero = it is itself */
typedef struct NvpIdentity
{
	bool		is_changed;
	bool		is_superuser;
	Oid			role;			/* of SET ROLE, InvalidOid = none */
	Oid			userid;
	int			sec_context;
	int			guc_level;		/* 0 = settings were given back */
} NvpIdentity;

extern void nvp_identity_take(NvpIdentity *identity, Oid owner, bool in_session);
extern void nvp_identity_settle(NvpIdentity *identity);
extern void nvp_identity_give_back(NvpIdentity *identity);
extern void nvp_identity_forget(NvpSession *session);

#endif							/* NVP_IDENTITY_H */
