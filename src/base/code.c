/*-------------------------------------------------------------------------
 *
 * code.c
 *		Names and default messages of issue codes.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/code.h"

static const struct
{
	const char *name;
	const char *message;
}			codes[NVP_CODE_COUNT] = {
#define X(id, name, message) {name, message},
	NVP_CODES(X)
#undef X
};

/* nvp_code_name gives the stable name of a code, as the API shows it. */
const char *
nvp_code_name(NvpCode code)
{
	return codes[code].name;
}

/* nvp_code_message gives the default text of a code, a full sentence. */
const char *
nvp_code_message(NvpCode code)
{
	return codes[code].message;
}
