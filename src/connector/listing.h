/*-------------------------------------------------------------------------
 *
 * listing.h
 *		Names at a source: which are taken, and what becomes of them after.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LISTING_H
#define NVP_LISTING_H

#include "connector/connector.h"

#define NVP_LISTING_MAX		1000000	/* objects of one listing */

typedef struct NvpObjectList
{
	NvpObject  *objects;
	int			n;
	int			size;
} NvpObjectList;

typedef enum NvpAfter
{
	NVP_AFTER_NONE,
	NVP_AFTER_DELETE,
	NVP_AFTER_RENAME,
	NVP_AFTER_MOVE
} NvpAfter;

extern NvpObject *nvp_listing_add(NvpObjectList *list);
extern void nvp_listing_set_version(NvpObject *object);
extern void nvp_listing_judge(const NvpConnector *connector, NvpObject *object);
extern void nvp_listing_check(Jsonb *configuration, bool is_input);
extern NvpAfter nvp_listing_after(const NvpConnector *connector);
extern char *nvp_listing_after_path(const NvpConnector *connector, const NvpObject *object,
									bool taken);
extern char *nvp_listing_join(const char *directory, const char *name);
extern char *nvp_listing_printable(const char *name, bool *ok);
extern char *nvp_listing_part_name(const char *name, const char *key);
extern bool nvp_name_is_plain(const char *name);

#endif							/* NVP_LISTING_H */
