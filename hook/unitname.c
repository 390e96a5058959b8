/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitname - slice:prefix:name, checked field by field
 *
 * Everything systemd would refuse is refused here, before anything is touched
 * and with a message that says which field and which character; and what it
 * would take but cannot be meant (a slice as the VM's unit) is refused too.
 */
#include "hook/unitname.h"

#include <string.h>

enum { UNIT_NAME_MAX = 255 }; /* with the suffix */

#define SLICE ".slice"
#define SCOPE ".scope"

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

static int expected_form(const char *value, struct error *e, const char *why)
{
	return error_set(e, ERROR_INPUT,
			 "/linux/cgroupsPath: expected \"slice:prefix:name\", got \"%s\": %s",
			 value, why);
}

/* The first character that a unit name cannot hold, or '\0'. '@' would make an instance. */
static char bad_character(const char *field)
{
	for (; *field; field++) {
		char c = *field;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			continue;
		if (!strchr("-_.\\", c))
			return c;
	}
	return '\0';
}

static int check_field(const char *value, const char *what, const char *field, struct error *e)
{
	unsigned char c = (unsigned char)bad_character(field);

	if (c >= 0x80) /* a part of a character only */
		return error_set(e, ERROR_INPUT,
				 "/linux/cgroupsPath: \"%s\": the %s of a systemd unit takes ASCII "
				 "only (byte 0x%02x)",
				 value, what, c);
	if (c)
		return error_set(e, ERROR_INPUT,
				 "/linux/cgroupsPath: \"%s\": character '%c' (0x%02x) cannot stand "
				 "in the %s of a systemd unit",
				 value, c, c, what);
	if (strcmp(field, ".") == 0 || strcmp(field, "..") == 0)
		return error_set(e, ERROR_INPUT, "/linux/cgroupsPath: \"%s\": the %s is \"%s\"",
				 value, what, field);
	return 0;
}

/* systemd.slice(5): the name's dashes are its place in the tree. */
static int check_slice(const char *value, const char *slice, struct error *e)
{
	size_t stem;

	if (!ends_with(slice, SLICE))
		return expected_form(value, e, "the slice must end in \".slice\"");
	stem = strlen(slice) - strlen(SLICE);
	if (stem == 0)
		return expected_form(value, e, "the slice has no name before \".slice\"");
	if (check_field(value, "slice", slice, e) < 0)
		return -1;
	if (strcmp(slice, "-" SLICE) == 0)
		return 0;
	if (slice[0] == '-' || slice[stem - 1] == '-' || strstr(slice, "--"))
		return expected_form(value, e,
				     "a slice may not begin or end with '-' nor contain \"--\"");
	if (strlen(slice) > UNIT_NAME_MAX)
		return expected_form(value, e, "the slice is longer than 255 bytes");
	return 0;
}

/* --- the directory of a unit --- */

/* What follows "CONTROLLER." at the beginning of a name, as in a control file's; else NULL. */
static const char *after_controller(const char *unit)
{
	static const char *const names[] = {"cpu",   "cpuacct", "cpuset",  "io",
					    "blkio", "memory",  "devices", "pids"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(unit, names[i], n) == 0 && unit[n] == '.')
			return unit + n + 1;
	}
	return NULL;
}

/* Old systemds look for a controller before the last dot, newer ones before the first. */
static int check_directory(const char *value, const char *unit, struct error *e)
{
	const char *rest = after_controller(unit);

	if (!rest || !strchr(rest, '.'))
		return 0;
	return error_set(
	    e, ERROR_INPUT,
	    "/linux/cgroupsPath: \"%s\": %s begins like a control file (\"%.*s\"), and "
	    "old and new versions of systemd name its directory differently; choose "
	    "another name",
	    value, unit, (int)(rest - unit), unit);
}

/* systemd escapes the directories whose names the kernel or it could take for something else. */
static const char *escape(const char *unit)
{
	return unit[0] == '_' || unit[0] == '.' || strncmp(unit, "cgroup.", 7) == 0 ||
		       after_controller(unit)
		   ? "_"
		   : "";
}

/* "a-b-c.slice" -> "/a.slice/a-b.slice/a-b-c.slice"; "-.slice" -> "". */
static const char *expand_slice(const char *slice, struct arena *a)
{
	size_t stem = strlen(slice) - strlen(SLICE);
	const char *path = "";

	if (strcmp(slice, "-" SLICE) == 0)
		return path;
	for (size_t i = 1; i <= stem; i++) {
		const char *part;

		if (i < stem && slice[i] != '-')
			continue;
		part = arena_printf(a, "%.*s" SLICE, (int)i, slice);
		path = arena_printf(a, "%s/%s%s", path, escape(part), part);
	}
	return path;
}

static int finish(struct unitname *ret, const char *value, const char *slice, const char *unit,
		  struct arena *a, struct error *e)
{
	if (strlen(unit) > UNIT_NAME_MAX)
		return error_set(
		    e, ERROR_INPUT,
		    "/linux/cgroupsPath: \"%s\": the unit name is longer than 255 bytes", value);
	if (check_directory(value, slice, e) < 0 || check_directory(value, unit, e) < 0)
		return -1;
	ret->slice = slice;
	ret->unit = unit;
	ret->path = arena_printf(a, "%s/%s%s", expand_slice(slice, a), escape(unit), unit);
	return 0;
}

/* The three fields; false when there are fewer or more. */
static bool split(const char *value, char *field[3], struct arena *a)
{
	char *copy = arena_copy(a, value, strlen(value));

	for (int i = 0; i < 3; i++) {
		char *colon = strchr(copy, ':');

		field[i] = copy;
		if ((i < 2) != (colon != NULL))
			return false;
		if (colon) {
			*colon = '\0';
			copy = colon + 1;
		}
	}
	return true;
}

bool unitname_has_form(const char *cgroups_path)
{
	const char *first = strchr(cgroups_path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;
	size_t n = first ? (size_t)(first - cgroups_path) : 0;

	if (!second || strchr(second + 1, ':'))
		return false;
	return n == 0 ||
	       (n >= strlen(SLICE) && strncmp(first - strlen(SLICE), SLICE, strlen(SLICE)) == 0);
}

int unitname_parse(struct unitname *ret, const char *cgroups_path, const char *default_slice,
		   struct arena *a, struct error *e)
{
	const char *slice, *prefix, *name;
	char *field[3] = {0};

	if (!split(cgroups_path, field, a))
		return expected_form(cgroups_path, e, "it has not exactly three fields");
	slice = field[0][0] ? field[0] : default_slice;
	prefix = field[1];
	name = field[2];
	if (check_slice(cgroups_path, slice, e) < 0)
		return -1;
	if (!name[0])
		return expected_form(cgroups_path, e, "the name is empty");
	if (check_field(cgroups_path, "prefix", prefix, e) < 0 ||
	    check_field(cgroups_path, "name", name, e) < 0)
		return -1;
	if (ends_with(name, SLICE))
		return expected_form(
		    cgroups_path, e,
		    "the name ends in \".slice\", and a slice cannot hold processes");
	return finish(ret, cgroups_path, slice,
		      arena_printf(a, "%s%s%s" SCOPE, prefix, prefix[0] ? "-" : "", name), a, e);
}

int unitname_for_id(struct unitname *ret, const char *id, const char *default_slice,
		    struct arena *a, struct error *e)
{
	char *unit = arena_alloc(a, strlen(id) * 4 + sizeof("vmcg-" SCOPE));
	char *at = unit + strlen(strcpy(unit, "vmcg-"));

	/* The one character that an id may hold and a unit name may not. */
	for (; *id; id++) {
		if (*id == '+')
			at += strlen(strcpy(at, "\\x2b"));
		else
			*at++ = *id;
	}
	strcpy(at, SCOPE);
	return finish(ret, unit, default_slice, unit, a, e);
}
