/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift - where a container is not as its record says: a list of differences, and its two forms
 *
 * Pure. A row says what kind of thing differs, where, what was recorded, what
 * is there now, and why it was recorded at all.
 */
#ifndef VMCG_HOOK_DRIFT_H
#define VMCG_HOOK_DRIFT_H

#include "oci/arena.h"
#include "oci/text.h"

/* The words for them are part of the JSON form. */
enum drift_what {
	DRIFT_GROUP,       /* the directory of a group */
	DRIFT_PROCESS,     /* a process: ended, or in another group */
	DRIFT_VALUE,       /* what a control file holds */
	DRIFT_CONTROLLERS, /* what a group hands down */
	DRIFT_DEVICES,     /* what a device filter allows */
	DRIFT_PROGRAM,     /* who else has a device program there */
	DRIFT_UNIT,        /* the unit, or a property of it */
};

extern const char *const drift_what_name[];

struct drift_row {
	enum drift_what what;
	const char *where;
	const char *recorded; /* NULL: nothing of that kind */
	const char *live;     /* NULL: the same */
	const char *why;      /* the step's or the rule's reason */
};

/* Starts as {.arena = a}. */
struct drift {
	struct arena *arena; /* borrowed; the strings live there or are borrowed, too */
	struct drift_row *rows;
	size_t n;
	/* what was compared, for who wants to know that something was */
	size_t n_values, n_filters;
	const char *unit; /* NULL: none */
};

/* Append a row. The strings are not copied. */
void drift_add(struct drift *d, enum drift_what what, const char *where, const char *recorded,
	       const char *live, const char *why);

/* For people: a table, or one line that says how much was compared. */
void drift_text(const struct drift *d, const char *id, struct text *out);

/* The stable form: {"id", "drift": [{"what", "where", "recorded", "live", "why"}, ...]}. */
void drift_json(const struct drift *d, const char *id, struct text *out);

#endif
