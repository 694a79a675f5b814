/*-------------------------------------------------------------------------
 *
 * vector.h
 *		Replays test vectors (JSON lines) against the column types.
 *
 * A line is {"type", "options", "input", "ok", "output", "code", "note"}.
 * input, ok, output and code are lists where the line is a whole column; a
 * single cell is a column of one, and votes as such.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_VECTOR_H
#define NVP_TEST_VECTOR_H

#include "model/model.h"

typedef enum JsonKind
{
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,				/* text is the literal as written */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
} JsonKind;

typedef struct Json
{
	JsonKind	kind;
	char	   *key;			/* name of an object's member */
	char	   *text;			/* of scalars, zero-terminated */
	size_t		len;
	struct Json *first;			/* of arrays and objects */
	struct Json *next;
} Json;

extern Json *json_parse(const char *text, size_t len);	/* NULL if it is no JSON */
extern Json *json_get(const Json *object, const char *key);
extern bool json_equal(const Json *a, const Json *b, double tolerance);
extern void json_free(Json *json);

/* options of a line as the model compiler would set them; prepares the type */
extern const char *vector_column(NvpColumn *column, const char *type, const Json *options);

/* replays test/data/vectors/<name>.jsonl; only == NULL takes every type */
extern void vector_replay(const char *name, const char *only, int *nrun, int *nfailed);

/* main of a test: replays the files, then reports; 0 if all passed */
extern int	vector_main(int nnames, const char *const *names);

#endif							/* NVP_TEST_VECTOR_H */
