/*-------------------------------------------------------------------------
 *
 * connector.h
 *		Connectors bring objects in and carry objects out.
 *
 * Flow:   list --> objects --> fetch --> spool;  spool --> deliver;  after
 * Calls:  nvp_connector_load (in a transaction), then list, fetch, deliver and
 *		   after with no transaction open; nvp_connector_free.
 * Memory: a connector has a context of its own below that in which it was
 *		   loaded; it holds secrets in clear, which free wipes.  Objects and
 *		   faults are made in the current context.
 * Errors: kinds return false and fill a fault; they throw only to obey a
 *		   cancel or a shutdown.  Messages never hold secrets.
 * Waits:  every wait answers to interrupts within a second.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CONNECTOR_H
#define NVP_CONNECTOR_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/palloc.h"

#include "base/fault.h"
#include "base/spool.h"

/* one object at a source: a file, a response, a relation */
typedef struct NvpObject
{
	char	   *path;			/* unique at the source, without secrets */
	char	   *name;			/* last part of path */
	char	   *member;			/* the file of it that is meant, where it is an archive; or NULL */
	int64		bytes;			/* -1 unknown */
	TimestampTz modified_at;	/* 0 unknown */
	bool		has_seconds;	/* no more: within one it may be replaced, and its version stays */
	char	   *version;		/* what changes when the object does (size+time, ETag), or NULL */
	bool		taken;			/* passes the tags; the ledger is asked by the caller */
	char	   *reason;			/* why not taken, or NULL */
} NvpObject;

typedef struct NvpConnector NvpConnector;

/* called now and then while bytes move; must not throw */
typedef void (*NvpProgressFunc) (void *arg, int64 done, int64 total);

typedef struct NvpOptionDef
{
	const char *name;			/* member of configuration */
	char		type;			/* 's' text, 'i' integer, 'b' boolean, 'o' object, 'a' array, 'p' port (text or
								 * integer), 'x' text, object or array */
	bool		required;
	bool		secret;			/* encrypted at rest, masked in reads */
} NvpOptionDef;

typedef struct NvpConnectorRoutine
{
	const char *node_type;		/* HTTP, FTP, FILE, TABLE, MANUAL */
	bool		can_input;
	bool		can_output;
	const NvpOptionDef *options;
	int			noptions;

	/* MAY: further checks of a definition; throws 22023 with the JSON path */
	void		(*check) (Jsonb *configuration, bool is_input);

	/* MAY: may role use this connector now?  Throws 42501.  In a transaction. */
	void		(*authorize) (const NvpConnector *connector, Oid role);

	/*
	 * MAY: reach the place and change nothing there; what a test calls where
	 * there is no list, or list does not reach out
	 */
	bool		(*probe) (NvpConnector *connector, NvpFault *fault);

	/* MUST for inputs: the objects there are, tags applied */
	bool		(*list) (NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault);

	/* MUST for inputs: the bytes of one object into the spool; may fill object->version */
	bool		(*fetch) (NvpConnector *connector, NvpObject *object, NvpSpool *spool,
						  NvpProgressFunc progress, void *arg, NvpFault *fault);

	/*
	 * MUST for outputs: the flushed spool becomes the object called name (a
	 * temporary name first where the protocol can rename).  key is the
	 * idempotency key of this delivery.
	 */
	bool		(*deliver) (NvpConnector *connector, const char *name, const char *content_type,
							const char *key, NvpSpool *spool,
							NvpProgressFunc progress, void *arg, NvpFault *fault);

	/* MAY: the after-process action on a source object (delete, rename, move) */
	bool		(*after) (NvpConnector *connector, const NvpObject *object, NvpFault *fault);

	/* MAY: release what open connections the connector keeps */
	void		(*close) (NvpConnector *connector);
} NvpConnectorRoutine;

struct NvpConnector
{
	const NvpConnectorRoutine *routine;
	char	   *id;				/* uuid text, for messages */
	char	   *name;
	bool		is_input;
	bool		is_event;		/* trigger_type EVENT_BASE */
	Oid			owner;			/* role that owns it */
	Jsonb	   *configuration;	/* secrets in clear: never print */
	bool		has_secrets;
	char	   *output_name;	/* file_name or new_name of an output, or NULL */
	void	   *state;			/* the kind's own */
	MemoryContext context;		/* of the connector and its state */
};

extern const NvpConnectorRoutine *nvp_connector_find(const char *node_type);
extern const NvpConnectorRoutine *nvp_connector_at(int i);	/* NULL after the last */

/* id: uuid text; in a transaction; throws 42704, and what unsealing throws */
extern NvpConnector *nvp_connector_load(const char *id);
extern void nvp_connector_free(NvpConnector *connector);

#endif							/* NVP_CONNECTOR_H */
