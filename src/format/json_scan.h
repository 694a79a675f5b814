/*-------------------------------------------------------------------------
 *
 * json_scan.h
 *		The lexical level of JSON: white space, strings, numbers, brackets.
 *
 * Functions take a position p and the end of what is buffered and return the
 * position behind what they recognise, or NULL: then *status says whether the
 * text is wrong there (JSON_BAD) or only not all there (JSON_MORE).  Up to 64
 * bytes behind end may be read, and the first of them is no digit or letter.
 *
 * Leniency: control characters inside strings are let through; they reach the
 * cell, whose rules judge them.
 *
 * Purity: no allocation, no server.
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_JSON_SCAN_H
#define NVP_JSON_SCAN_H

typedef enum NvpJsonStatus
{
	NVP_JSON_OK = 0,
	NVP_JSON_MORE,				/* the buffer ends within a value */
	NVP_JSON_BAD				/* not JSON */
} NvpJsonStatus;

#define NVP_JSON_MAX_DEPTH	1024

static inline const char *
nvp_json_skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* p is behind the opening quote; the result is the closing one */
extern const char *nvp_json_string_end(const char *p, const char *end,
									   bool *has_escapes, NvpJsonStatus *status);
extern const char *nvp_json_number_end(const char *p, const char *end, NvpJsonStatus *status);

/* any value at all, nested ones to NVP_JSON_MAX_DEPTH */
extern const char *nvp_json_value_end(const char *p, const char *end, NvpJsonStatus *status);

/* take escapes out of a string that nvp_json_string_end accepted; out may be in */
extern uint32 nvp_json_unescape(const char *in, uint32 len, char *out);

extern uint64 nvp_count_newlines(const char *p, const char *end);

#endif							/* NVP_JSON_SCAN_H */
