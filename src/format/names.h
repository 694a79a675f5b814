/*-------------------------------------------------------------------------
 *
 * names.h
 *		A growing list of distinct byte strings with lookup: header names of a
 *		source, keys of JSON objects.
 *
 * Calls:  nvp_names_init, { nvp_names_find, nvp_names_add,
 *		   nvp_names_reserve_header*, nvp_names_add_header }*, nvp_names_free.
 * Memory: in the context current at each call.  Strings are terminated copies.
 * Errors: none but out of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_NAMES_H
#define NVP_NAMES_H

typedef struct NvpName
{
	char	   *text;			/* terminated; may hold NUL bytes before the end */
	uint32		len;
	uint32		hash;
	uint32		suffix;			/* last suffix given to a namesake */
	bool		is_taken;		/* borne by a column, not only reserved */
} NvpName;

typedef struct NvpNames
{
	NvpName    *names;
	int			count;
	int			allocated;
	int32	   *slots;			/* open addressing; -1 = free, else index into names */
	uint32		mask;			/* slots - 1 */
} NvpNames;

extern void nvp_names_init(NvpNames *names);
extern void nvp_names_free(NvpNames *names);
extern int	nvp_names_find(const NvpNames *names, const char *text, uint32 len);
extern int	nvp_names_add(NvpNames *names, const char *text, uint32 len);

/* keep a name for the first column that bears it in the file */
extern void nvp_names_reserve_header(NvpNames *names, const char *text, uint32 len);

/* the unique column name for what a source calls its column; see names.c */
extern char *nvp_names_add_header(NvpNames *names, const char *text, uint32 len, int column_no);

/* valid UTF-8 without NUL: bytes that are neither become \xHH; palloc'd */
extern char *nvp_text_escape_invalid(const char *text, uint32 len);
extern bool nvp_text_is_valid(const char *text, uint32 len);

#endif							/* NVP_NAMES_H */
