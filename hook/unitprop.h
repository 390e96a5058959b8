/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitprop - one property of a systemd unit, as a value
 *
 * Pure: made by unitplan.c, printed in plans and records, sent and read by
 * systemd.c. The types are those of org.freedesktop.systemd1(5).
 */
#ifndef VMCG_HOOK_UNITPROP_H
#define VMCG_HOOK_UNITPROP_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/arena.h"
#include "oci/error.h"
#include "oci/text.h"

#define UNITPROP_INFINITY UINT64_MAX

struct jsonw;

/* One element of an array; which fields count is said by the property's type. */
struct unit_item {
	const char *key;  /* as, a(ss), a(st) */
	const char *text; /* a(ss) */
	uint64_t number;  /* au, a(st) */
};

struct unit_property {
	const char *name;
	const char *type; /* D-Bus signature: b, t, s, as, au, ay, a(ss) or a(st) */
	const char *text; /* s */
	uint64_t number;  /* b (0 or 1), t; UNITPROP_INFINITY: no limit */
	struct unit_item *items;
	size_t n_items;
	const unsigned char *bytes; /* ay */
	size_t n_bytes;
	const char *why; /* JSON pointer or rule; NULL for what was read from systemd */
};

struct unit_properties {
	struct unit_property *list;
	size_t n;
};

/* The last property of that name, or NULL. */
struct unit_property *unitprop_find(const struct unit_properties *p, const char *name);

/* The same value? Names and reasons do not count, nor do bytes of 0 at the end of "ay"; the order
 * of items does. Of CPUQuotaPeriodUSec infinity is the default, 100000. */
bool unitprop_equal(const struct unit_property *a, const struct unit_property *b);

/* list with each property of by in place of those of that name, or behind the others. */
struct unit_properties unitprop_override(const struct unit_properties *list,
					 const struct unit_properties *by, struct arena *a);

/* An array of objects {"name", "type", "value", "why"} under key (NULL: inside an array or as the
 * whole document). "b" is true or false, "t" a number, "s" a string, arrays are arrays ("a(ss)" and
 * "a(st)" of pairs, "ay" of numbers). */
void unitprop_json(struct jsonw *w, const char *key, const struct unit_properties *p);

/* The same array on one line, as text in the arena. */
const char *unitprop_copy_text(const struct unit_properties *p, struct arena *a);

/* The value alone, for people: 536870912, infinity, yes, "strict", [/dev/char/10:232 rwm, ...] */
void unitprop_text(const struct unit_property *p, struct text *out);

/* Read the array that unitprop_json wrote. file is for messages; ERROR_HOST. */
int unitprop_parse(struct unit_properties *ret, struct arena *a, const char *file,
		   const char *bytes, size_t len, struct error *e);

#endif
