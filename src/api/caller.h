/*-------------------------------------------------------------------------
 *
 * caller.h
 *		Who asks: a database role, or a principal whose token was checked.
 *
 * A token's principal lives in the memory of this process and nowhere else, so
 * no SQL command can claim to be somebody.  It is taken when a request begins
 * and is forgotten at the end of the transaction at the latest.  While there is
 * none, the caller is the database role of the session.
 *
 * A parallel worker knows of no token and sees what the session's role may see:
 * less, never more.  Requests are run without parallel plans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CALLER_H
#define NVP_CALLER_H

#include "utils/timestamp.h"
#include "utils/uuid.h"

/* nuvo's permission keys; a right is one of them with a verb */
typedef enum NvpKind
{
	NVP_KIND_PIPELINE = 0,
	NVP_KIND_EXECUTION,
	NVP_KIND_CONNECTOR,
	NVP_KIND_TDM,
	NVP_KIND_USERS_ONLY			/* templates, users, sub-organizations, webhooks: no key of their own */
} NvpKind;

typedef enum NvpVerb
{
	NVP_VERB_CREATE = 0,
	NVP_VERB_READ,
	NVP_VERB_WRITE,
	NVP_VERB_DELETE
} NvpVerb;

#define NVP_RIGHT(kind, verb)	((uint32) 1 << ((kind) * 4 + (verb)))
#define NVP_ALL_RIGHTS			0xFFFFF

typedef struct NvpCaller
{
	pg_uuid_t	principal_id;
	pg_uuid_t	tenant_id;
	pg_uuid_t	token_id;
	bool		is_sub_org;		/* else a user of the organization */
	bool		is_owner;		/* a user with role OWNER */
	uint32		rights;			/* of NVP_RIGHT; what token and principal both allow */
	NameData	role;			/* database role whose rights its runs have */
	TimestampTz expires_at;		/* of the token; DT_NOEND = never */
} NvpCaller;

extern const NvpCaller *nvp_caller(void);
extern void nvp_caller_take(const NvpCaller *caller);
extern void nvp_caller_drop(void);

/*
 * The address of the client whose request is served now, as text; NULL if it is
 * not known, or no request is served.  Like the caller it cannot be set in SQL.
 */
extern const char *nvp_peer(void);
extern void nvp_peer_take(const char *peer);

/* the database role whose rights the caller has: of a principal that of its runs, else what the session has taken; 42704 */
extern Oid	nvp_caller_role(void);

/* words of SQL to the enums above; an unknown verb is 22023 */
extern NvpKind nvp_kind_of(const char *word);
extern NvpVerb nvp_verb_of(const char *word);

#endif							/* NVP_CALLER_H */
