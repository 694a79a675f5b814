/*-------------------------------------------------------------------------
 *
 * map.h
 *		Which columns of a source feed which columns of the model.
 *
 * Flow:   header --> nvp_map_update --> map;  batch --> nvp_map_columns -->
 *		   one array of cells for each model column
 * Memory: a map lives in the context it was made in.  A column with one
 *		   source is a pointer into the batch and costs nothing; several
 *		   sources are joined with a blank in the map's arena, until the next
 *		   batch.
 * Errors: 22023 for a mapping that names a column the source does not have.
 * Source: section 7.2 of the API specification: key, label and
 *		   alternativeMatches; stored mappings come first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_MAP_H
#define NVP_MAP_H

#include "utils/jsonb.h"

#include "base/arena.h"
#include "base/fault.h"
#include "model/model.h"

typedef struct NvpMapColumn
{
	int			nsources;		/* 0 = not mapped (yet) */
	int		   *sources;		/* columns of the batch */
	bool		is_stored;		/* the pipeline's mapping says so */
	NvpTextList wanted;			/* names of the stored mapping */
	NvpCell    *joined;			/* room for a joined column, or NULL */
} NvpMapColumn;

/* a header name and its column */
typedef struct NvpMapName
{
	char	   *name;
	int			index;
} NvpMapName;

typedef struct NvpMap
{
	const NvpModel *model;
	bool		is_exact;		/* only stored mappings count */
	NvpMapColumn *columns;		/* one a model column */
	int			nheader;		/* header columns seen so far */
	NvpMapName *names;			/* their names, sorted */
	NvpMapName *folded;			/* the same folded, sorted */
	char	   *used;			/* per header column: a model column has it */
	char	  **source_names;	/* per model column: what issues call its source */
	const NvpCell **cells;		/* result of nvp_map_columns */
	NvpArena	arena;
	MemoryContext context;
} NvpMap;

extern NvpMap *nvp_map_create(const NvpModel *model, Jsonb *mapping_config);
extern void nvp_map_update(NvpMap *map, char **header, int ncols);
extern bool nvp_map_complete(NvpMap *map, char **header, int ncols, NvpFault *fault);
extern const NvpCell *const *nvp_map_columns(NvpMap *map, const NvpBatch *batch);
extern int	nvp_map_mapped(const NvpMap *map);

#endif							/* NVP_MAP_H */
