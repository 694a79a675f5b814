/*-------------------------------------------------------------------------
 *
 * model.h
 *		The target data model in memory: columns, their types, their rules.
 *
 * A definition (jsonb, kept losslessly in _nuvopipe.tdm) is compiled once per
 * run.  A column type is one static NvpTypeRoutine; its converter works on a
 * whole column of a batch at a time.
 *
 * Flow:   cells --> convert --> values (EMPTY, OK or ERROR with a code)
 *		   --> rules (validate/) --> render (canonical text, on demand)
 * Calls:  nvp_model_compile, { vote* , settle }, { convert, render* }*.
 * Memory: a model lives in the context it was compiled in.  Values point into
 *		   the cells they were made from or into the arena given to convert;
 *		   both live until the next batch.
 * Errors: compile throws 22023 naming the JSON path.  convert, vote and render
 *		   never throw, whatever bytes a cell holds, and take time linear in
 *		   its length.
 * Purity: converters are also built outside the server (FRONTEND) for unit
 *		   tests and fuzzing: no SPI, no GUC, no locale, no memory contexts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_MODEL_H
#define NVP_MODEL_H

#include "base/arena.h"
#include "base/cell.h"
#include "base/code.h"

typedef enum NvpStatus
{
	NVP_EMPTY = 0,				/* no value; output is null */
	NVP_OK,						/* kind, v and text hold the value */
	NVP_ERROR					/* code says why; the cell is kept for the log */
} NvpStatus;

/* which member of NvpValue holds an OK value */
typedef enum NvpValueKind
{
	NVP_VALUE_TEXT = 0,			/* text (never NULL) */
	NVP_VALUE_INT,				/* v.i64 */
	NVP_VALUE_FLOAT,			/* v.f64, finite, never -0 */
	NVP_VALUE_NUMERIC,			/* text: canonical decimal [-]digits[.digits] */
	NVP_VALUE_BOOL,				/* v.i64: 0 or 1 */
	NVP_VALUE_DATE,				/* v.i64: days since 2000-01-01, as in PostgreSQL */
	NVP_VALUE_TIMESTAMP,		/* v.i64: microseconds since 2000-01-01 UTC */
	NVP_VALUE_TIME,				/* v.i64: microseconds since midnight */
	NVP_VALUE_JSON				/* text: JSON text */
} NvpValueKind;

typedef struct NvpValue
{
	uint8		status;			/* NvpStatus */
	uint8		kind;			/* NvpValueKind, if OK */
	uint16		code;			/* NvpCode, if ERROR */
	uint32		len;			/* bytes of text */
	const char *text;			/* canonical output text; NULL = nvp_value_text makes it */
	union
	{
		int64		i64;
		double		f64;
	}			v;
} NvpValue;

/* 2.4 of the column-type specification: which of . and , is the decimal sign */
typedef enum NvpNumberFormat
{
	NVP_NUMBER_UNKNOWN = 0,
	NVP_NUMBER_US,
	NVP_NUMBER_EU
} NvpNumberFormat;

typedef enum NvpDateOrder
{
	NVP_DATE_ORDER_UNKNOWN = 0,
	NVP_DATE_DMY,
	NVP_DATE_MDY,
	NVP_DATE_YMD
} NvpDateOrder;

/* 4: evidence of a whole column; additive, so parts may be summed */
typedef struct NvpVote
{
	uint64		us;
	uint64		eu;
	uint64		dmy;			/* cells only readable day first */
	uint64		mdy;			/* cells only readable month first */
	uint64		unclear;		/* cells that have two readings, and they differ */
} NvpVote;

typedef struct NvpText
{
	const char *ptr;			/* also terminated by a zero byte */
	uint32		len;
} NvpText;

typedef struct NvpTextList
{
	int			n;
	NvpText    *items;
} NvpTextList;

typedef struct NvpOption
{
	NvpText		label;
	NvpText		value;			/* text of the value */
	bool		value_is_number;
	NvpTextList alternatives;
} NvpOption;

typedef struct NvpRegex NvpRegex;

typedef enum NvpRuleKind
{
	NVP_RULE_REQUIRED = 0,
	NVP_RULE_REQUIRED_WITH,
	NVP_RULE_REQUIRED_WITH_ALL,
	NVP_RULE_REQUIRED_WITHOUT,
	NVP_RULE_REQUIRED_WITHOUT_ALL,
	NVP_RULE_REQUIRED_WITH_VALUES,
	NVP_RULE_REQUIRED_WITH_ALL_VALUES,
	NVP_RULE_REQUIRED_WITHOUT_VALUES,
	NVP_RULE_REQUIRED_WITHOUT_ALL_VALUES,
	NVP_RULE_UNIQUE,
	NVP_RULE_REGEX
} NvpRuleKind;

/* one listed column of a conditional rule, with its listed values */
typedef struct NvpRuleColumn
{
	int			column;			/* index into the model */
	NvpTextList values;			/* of the *_values rules */
	bool		matches_empty;	/* "" or null is listed */
} NvpRuleColumn;

typedef struct NvpRule
{
	uint8		kind;			/* NvpRuleKind */
	uint16		code;			/* NvpCode it raises */
	int			ncolumns;
	NvpRuleColumn *columns;
	NvpRegex   *regex;			/* of NVP_RULE_REGEX */
	const char *pattern;		/* its source */
	const char *message;		/* errorMessage, or NULL for the default */
} NvpRule;

typedef struct NvpColumn NvpColumn;

/* one column type */
typedef struct NvpTypeRoutine
{
	const char *name;			/* columnType */
	uint8		kind;			/* NvpValueKind of most of its values (category: TEXT) */
	uint16		code;			/* NvpCode of a cell that cannot be read */

	/*
	 * MAY be NULL.  Checks the column's options and fills column->state, in
	 * the current context.  Returns NULL, or a static message about the
	 * offending option (lower case; the caller adds the JSON path).
	 */
	const char *(*prepare) (NvpColumn *column);

	/*
	 * MUST.  Converts n adjacent cells.  Text that is not a part of the cell
	 * itself comes from the arena.
	 */
	void		(*convert) (const NvpColumn *column, const NvpCell *cells, int n,
							NvpValue *values, NvpArena *arena);

	/* MAY be NULL: the type has no vote.  Adds the evidence of n cells. */
	void		(*vote) (const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote);

	/*
	 * MUST unless every OK value carries its text.  Returns the canonical
	 * output text of an OK value without text, made in the arena.
	 */
	NvpText		(*render) (const NvpColumn *column, const NvpValue *value, NvpArena *arena);


} NvpTypeRoutine;

struct NvpColumn
{
	const char *key;			/* unique in the model; name in the output */
	const char *label;
	const NvpTypeRoutine *type;
	NvpTextList alternative_matches;	/* further header names */
	bool		hidden;

	/* options of section 5, at their defaults when not given */
	NvpTextList empty_values;
	bool		trim;
	int			min_length;		/* code points; -1 = none */
	int			max_length;		/* code points; -1 = none */
	NvpNumberFormat number_format;	/* as defined; UNKNOWN = by vote */
	NvpNumberFormat default_number_format;	/* US unless given */
	int			precision;		/* -1 = none */
	int			scale;			/* -1 = none */
	const char *percentage_output;	/* points | fraction | text */
	const char *currency_output;	/* number | text | object */
	NvpTextList true_values;
	NvpTextList false_values;
	int			noptions;
	NvpOption  *options;
	bool		is_multi_select;
	bool		allow_custom_options;
	bool		fuzzy;			/* mapping layer FUZZY is configured */
	double		fuzzy_threshold;	/* 0..1 */
	const char *output_format;	/* NULL = the type's own */
	NvpDateOrder date_order;	/* as defined; UNKNOWN = by vote */
	int			two_digit_year_pivot;	/* 69 unless given */
	bool		date1904;
	const char *time_zone;		/* IANA name, "UTC" unless given */
	const char *epoch;			/* NULL | s | ms */
	const char *country;		/* alpha-2 upper case, or NULL */
	bool		allow_withdrawn;
	const char *standard;		/* 639-1 | 639-3 | bcp47 */

	int			nrules;
	NvpRule    *rules;

	/* what holds for this run: the definition, else the outcome of the vote */
	NvpNumberFormat effective_format;
	NvpDateOrder effective_order;

	void	   *state;			/* the type's own, made by prepare */
};

typedef struct NvpModel
{
	int			ncolumns;
	NvpColumn  *columns;
} NvpModel;

/* types.c: the registry */
extern const NvpTypeRoutine *nvp_type_find(const char *name);
extern const NvpTypeRoutine *nvp_type_at(int i);

/* column.c: pure helpers on columns and values */
extern void nvp_column_defaults(NvpColumn *column);
extern bool nvp_column_needs_vote(const NvpColumn *column);
extern void nvp_column_settle(NvpColumn *column, const NvpVote *vote);
extern void nvp_column_convert(const NvpColumn *column, const NvpCell *cells, int n,
							   NvpValue *values, NvpArena *arena);
extern NvpText nvp_value_text(const NvpColumn *column, const NvpValue *value, NvpArena *arena);
extern NvpCell nvp_value_cell(const NvpColumn *column, const NvpValue *value, NvpArena *arena);

/* regex.c: ECMAScript patterns on PCRE2 */
extern NvpRegex *nvp_regex_compile(const char *pattern, int len, char **error);
extern int	nvp_regex_match(NvpRegex *regex, const char *subject, int len);
extern void nvp_regex_free(NvpRegex *regex);

#define NVP_REGEX_LIMIT		(-1)	/* nvp_regex_match: 1 found, 0 not found, or this */

#endif							/* NVP_MODEL_H */
