/*
 * Stands in for the server's postgres.h when pure rooms are built outside the
 * server for unit tests and fuzzing: palloc and StringInfo come from
 * libpgcommon, Assert is alive, memory contexts do not exist.
 */
#ifndef NVP_SHIM_POSTGRES_H
#define NVP_SHIM_POSTGRES_H

#define FRONTEND 1
#define USE_ASSERT_CHECKING 1
/* since 16 libpgcommon has the encoding functions under names of its own */
#define USE_PRIVATE_ENCODING_FUNCS
#include "postgres_fe.h"

#include "common/fe_memutils.h"

/* nobody resets a context here: what a callback would free is freed by close, or leaks */
typedef struct MemoryContextCallback
{
	void		(*func) (void *arg);
	void	   *arg;
	struct MemoryContextCallback *next;
} MemoryContextCallback;

#define CurrentMemoryContext NULL
#define MemoryContextRegisterResetCallback(context, callback) ((void) (callback))

#endif							/* NVP_SHIM_POSTGRES_H */
