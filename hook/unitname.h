/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitname - cgroupsPath in systemd's form, slice:prefix:name
 *
 * Sources: systemd.unit(5) for the characters and the length of a name,
 * systemd.slice(5) for the nesting of slices (a-b.slice lies in a.slice), and
 * the unit names as the OCI runtimes make them: prefix-name.scope.
 */
#ifndef VMCG_HOOK_UNITNAME_H
#define VMCG_HOOK_UNITNAME_H

#include <stdbool.h>

#include "oci/arena.h"
#include "oci/error.h"

struct unitname {
	const char *slice; /* "machine.slice"; "-.slice" is the root */
	const char *unit;  /* "libpod-4f2a.scope" */
	const char *path;  /* the unit's cgroup: "/machine.slice/libpod-4f2a.scope" */
};

/* Exactly three ':' fields, the first empty or ending in ".slice": the form that
 * makes `auto` choose systemd. */
bool unitname_has_form(const char *cgroups_path);

/*
 * Split, validate, expand. default_slice is used for an empty first field. Every
 * bad form has its own message, with the value and what was expected; ERROR_INPUT.
 */
int unitname_parse(struct unitname *ret, const char *cgroups_path, const char *default_slice,
		   struct arena *a, struct error *e);

/* The unit of a container without cgroupsPath: vmcg-ID.scope in default_slice. */
int unitname_for_id(struct unitname *ret, const char *id, const char *default_slice,
		    struct arena *a, struct error *e);

#endif
