# shellcheck shell=bash
# build.sh - a private PostgreSQL with the extension of this tree (sourced)
#
# Needs NVP_TMP; the caller defines give_up MESSAGE, which does not return.

# as_builder COMMAND... : as whoever called sudo, so that the tree stays theirs
as_builder() { if [ -n "${NVP_BUILDER-}" ]; then runuser -u "$NVP_BUILDER" -- "$@"; else "$@"; fi; }

# choose_postgres [DIR] : sets PG_CONFIG, PGBIN, PATH; without DIR from the distribution's packages
choose_postgres() {
	local major
	if [ -z "${1-}" ]; then
		major=$(test/lib/install_packages) || give_up "packages are missing"
		PG_CONFIG=$(test/lib/pgroot "$NVP_TMP/pg" "$major") || give_up "no private PostgreSQL"
	else
		PG_CONFIG=$(find -L "$1" -maxdepth 6 -path '*/bin/pg_config' -print -quit)
		[ -x "$PG_CONFIG" ] || give_up "no bin/pg_config below $1"
	fi
	PGBIN=$("$PG_CONFIG" --bindir)
	PATH=$PGBIN:$PATH
	export PG_CONFIG PGBIN PATH
}

# build : objects of another major would link and then refuse to load
build() {
	local stamp
	stamp=$("$PG_CONFIG" --version)
	[ "$(cat tmp_check/built-for 2>/dev/null)" = "$stamp" ] || as_builder make -s PG_CONFIG="$PG_CONFIG" with_llvm=no clean >/dev/null
	as_builder mkdir -p tmp_check
	as_builder make -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no all >"$NVP_TMP/build.log" 2>&1 ||
		{ tail -40 "$NVP_TMP/build.log" >&2; give_up "the build failed"; }
	as_builder sh -c "echo '$stamp' >tmp_check/built-for"
	make -s PG_CONFIG="$PG_CONFIG" with_llvm=no install >"$NVP_TMP/install.log" 2>&1 ||
		{ tail -40 "$NVP_TMP/install.log" >&2; give_up "the installation failed"; }
}
