# nuvopipe: PGXS build.  `make`, `make install`, `make installcheck` as usual.
# `make demo` and `make test` need nothing but a bare Debian machine (root or sudo).

EXTENSION    = nuvopipe
EXTVERSION   = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" nuvopipe.control)
MODULE_big   = nuvopipe
OBJS         = $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c))
DATA_built   = sql/nuvopipe--$(EXTVERSION).sql

PG_CONFIG   ?= pg_config
PG_CPPFLAGS  = -I$(CURDIR)/src -DPCRE2_CODE_UNIT_WIDTH=8
PG_CFLAGS    = -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -fvisibility=hidden
SHLIB_LINK   = -lbz2 -lcurl -lexpat -llzma -lmicrohttpd -lpcre2-8 -lsodium -lz -lzstd

# test/sql and test/specs against test/expected
REGRESS      = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test
ISOLATION    = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=.

EXTRA_CLEAN  = sql/nuvopipe--$(EXTVERSION).sql $(wildcard src/*/*_data.h)

# what a bare machine must understand: PostgreSQL may not be there yet
SUITES       = lint unit regress isolation pgtap tap
BARE         = test test-all bench demo demo-stop $(addprefix check-,$(SUITES))
.PHONY: $(BARE)

ifeq ($(filter $(BARE),$(MAKECMDGOALS)),)
PGXS        := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PostgreSQL 15 leaves PGDLLEXPORT empty; we hide every symbol but the SQL entry points.
ifeq ($(MAJORVERSION),15)
override CPPFLAGS += -DPGDLLEXPORT='__attribute__((visibility("default")))'
endif

# PGXS tracks no headers: every object depends on all of ours.
$(OBJS): $(wildcard src/*/*.h)

include sql/parts.mk

sql/nuvopipe--$(EXTVERSION).sql: $(SQL_SCHEMA) $(SQL_ROUTINE) sql/parts.mk
	cat $(SQL_SCHEMA) > $@.tmp
	cat $(SQL_ROUTINE) /dev/null | sed -E 's/^CREATE OR REPLACE /CREATE /' >> $@.tmp
	mv $@.tmp $@

# tables of facts become C arrays
TABLES = $(patsubst src/model/data/%.tsv,src/model/%_data.h,$(wildcard src/model/data/*.tsv)) \
	$(patsubst src/format/data/%.tsv,src/format/%_data.h,$(wildcard src/format/data/*.tsv))
src/model/%_data.h: src/model/data/%.tsv src/model/gentable.pl
	perl src/model/gentable.pl $* < $< > $@.tmp && mv $@.tmp $@
src/format/%_data.h: src/format/data/%.tsv src/model/gentable.pl
	perl src/model/gentable.pl $* < $< > $@.tmp && mv $@.tmp $@
$(OBJS): $(TABLES)

docs/reference.md: $(SQL_SCHEMA) $(SQL_ROUTINE) src/base/guc.c test/lib/reference
	test/lib/reference > $@.tmp && mv $@.tmp $@

else

test:
	@test/run

# the distribution's version, then every newer one that test/lib/newpg can get
test-all:
	@test/run_all

$(addprefix check-,$(SUITES)): check-%:
	@test/run $*

# beside COPY, plain SQL and DuckDB; BENCH="--rows 100000 --rounds 1 --big 0" for a first look
bench:
	@test/bench/run $(BENCH)

demo:
	@test/demo/run

demo-stop:
	@test/demo/run stop

endif
