/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wish - what of a record's values is still to be seen in the control files
 */
#include "hook/wish.h"

#include <string.h>

#include "hook/quirks.h"

/* Files that show and set the same thing: a later write of the second changes what the first
 * shows. */
static const struct {
	const char *file, *other;
} aliases[] = {
    {"cpu.weight", "cpu.weight.nice"},
    {"cpu.weight.nice", "cpu.weight"},
};

/* An idle group has no weight: what these show is not what was written. */
static const char *const weights[] = {"cpu.weight", "cpu.weight.nice", "cpu.shares"};

static bool is_value(const struct plan_step *s)
{
	return s->op == PLAN_WRITE || s->op == PLAN_VERIFY;
}

static enum readback form_of(const struct record *r, const struct plan_step *s)
{
	const struct quirk *q = quirks_find(record_version(r, s->controller), s->file);

	return q ? q->readback : READBACK_TEXT;
}

static bool has_lines(enum readback form)
{
	return form == READBACK_LINES || form == READBACK_PAIRS;
}

/* The name of the line that a value is, its first word; of a lone value that of the default. */
static const char *line_name(const char *value, struct arena *a)
{
	size_t n = strcspn(value, " ");

	return value[n] ? arena_copy(a, value, n) : "default";
}

static bool is_alias(const char *file, const char *other)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(aliases[i].file, file) == 0 && strcmp(aliases[i].other, other) == 0)
			return true;
	return false;
}

/* Does the line have a pair of that name ("rbps" of "rbps=1")? */
static bool has_pair(const char *line, const char *name, size_t n)
{
	for (const char *at = strchr(line, ' '); at; at = strchr(at, ' ')) {
		at += strspn(at, " ");
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			return true;
	}
	return false;
}

/* A line of pairs without those that a later line of the device has; NULL: none are left. */
static const char *pairs_left(const char *line, const char *later, struct arena *a)
{
	const char *left = arena_copy(a, line, strcspn(line, " "));
	bool any = false;

	for (const char *at = line + strcspn(line, " "); *at;) {
		size_t n;

		at += strspn(at, " ");
		n = strcspn(at, " ");
		if (n && !has_pair(later, at, strcspn(at, "= "))) {
			left = arena_printf(a, "%s %.*s", left, (int)n, at);
			any = true;
		}
		at += n;
	}
	return any ? left : NULL;
}

/* What a later step leaves of a value; NULL: nothing. */
static const char *left_by(const struct record *r, const struct plan_step *s, const char *value,
			   const struct plan_step *later, struct arena *a)
{
	enum readback form = form_of(r, s);

	if (!is_value(later) || strcmp(later->path, s->path) != 0 ||
	    strcmp(later->controller, s->controller) != 0)
		return value;
	if (is_alias(s->file, later->file))
		return NULL;
	if (strcmp(later->file, s->file) != 0)
		return value;
	if (!has_lines(form))
		return NULL;
	if (strcmp(line_name(value, a), line_name(later->value, a)) != 0)
		return value;
	return form == READBACK_PAIRS ? pairs_left(value, later->value, a) : NULL;
}

static bool is_weight(const char *file)
{
	for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++)
		if (strcmp(weights[i], file) == 0)
			return true;
	return false;
}

/* Is the group of step i idle in the end, by the last word behind it? */
static bool becomes_idle(const struct record *r, size_t i)
{
	const struct plan_step *s = &r->steps[i].step;
	const char *last = "0";

	for (size_t k = i + 1; k < r->n_steps; k++) {
		const struct plan_step *later = &r->steps[k].step;

		if (is_value(later) && strcmp(later->path, s->path) == 0 &&
		    strcmp(later->controller, s->controller) == 0 &&
		    strcmp(later->file, "cpu.idle") == 0)
			last = later->value;
	}
	return last[strspn(last, " ")] == '1';
}

const char *wish_value(const struct record *r, size_t i, struct arena *a)
{
	const struct plan_step *s = &r->steps[i].step;
	const char *value = s->value;

	if (form_of(r, s) == READBACK_NEVER || (is_weight(s->file) && becomes_idle(r, i)))
		return NULL;
	for (size_t k = i + 1; value && k < r->n_steps; k++)
		value = left_by(r, s, value, &r->steps[k].step, a);
	return value;
}

const struct plan_step *wish_twin(const struct record *r, size_t i, struct arena *a)
{
	const struct plan_step *s = &r->steps[i].step;
	const struct quirk *q = quirks_find(record_version(r, s->controller), s->file);
	const char *name = line_name(s->value, a);

	for (size_t k = 0; q && q->twin && k < r->n_steps; k++) {
		const struct plan_step *other = &r->steps[k].step;

		if (is_value(other) && strcmp(other->path, s->path) == 0 &&
		    strcmp(other->file, q->twin) == 0 &&
		    strcmp(line_name(other->value, a), name) == 0)
			return other;
	}
	return NULL;
}

const char *wish_shown(const struct record *r, const struct plan_step *s, const char *live,
		       struct arena *a)
{
	const char *name = line_name(s->value, a);
	size_t n = strlen(name);

	if (!has_lines(form_of(r, s)))
		return live;
	for (const char *at = live; *at;) {
		size_t len = strcspn(at, "\n");

		if (strncmp(at, name, n) == 0 && at[n] == ' ')
			return arena_copy(a, at, len);
		at += len + (at[len] == '\n');
	}
	return strchr(s->value, ' ') ? NULL : live;
}
