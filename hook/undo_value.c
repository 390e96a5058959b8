/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_value - what to write so that a control file reads as before
 */
#include "hook/undo_value.h"

#include <string.h>

#include "hook/facts.h"

static bool starts_with_word(const char *line, const char *word, size_t n)
{
	return strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == '\0');
}

/* The line of a key; NULL when there is none. */
static const char *find_line(const char *text, const char *key, size_t n, struct arena *a)
{
	for (const char *at = text; *at; at += strspn(at, "\n")) {
		size_t len = strcspn(at, "\n");

		if (starts_with_word(at, key, n))
			return arena_copy(a, at, len);
		at += len;
	}
	return NULL;
}

/* A throttle of 0 removes the rule (v1); a weight goes back to the default by that word. */
static const char *no_line(const char *file, const char *key, size_t n, struct arena *a)
{
	return arena_printf(a, "%.*s %s", (int)n, key, strstr(file, "throttle") ? "0" : "default");
}

/* "8:0 rbps=1 wiops=2": each pair unlimited again. */
static const char *no_pairs(const char *written, struct arena *a)
{
	size_t n = strcspn(written, " ");
	const char *out = arena_printf(a, "%.*s", (int)n, written);

	for (const char *at = written + n; *at;) {
		at += strspn(at, " ");
		n = strcspn(at, "=");
		if (at[n] == '=')
			out = arena_printf(a, "%s %.*s=max", out, (int)n, at);
		at += strcspn(at, " ");
	}
	return out;
}

static const char *old_line(enum readback form, const char *file, const char *written,
			    const char *old, struct arena *a)
{
	size_t n = strcspn(written, " ");
	const char *line;

	/* A lone number is the default of all devices. */
	if (written[n] == '\0') {
		line = find_line(old, "default", strlen("default"), a);
		return line ? line : arena_copy(a, old, strcspn(old, "\n"));
	}
	line = find_line(old, written, n, a);
	if (line)
		return line;
	return form == READBACK_PAIRS ? no_pairs(written, a) : no_line(file, written, n, a);
}

/* "oom_kill_disable 0" among other lines. */
static const char *old_oom(const char *old, struct arena *a)
{
	const char *line = find_line(old, "oom_kill_disable", strlen("oom_kill_disable"), a);

	return line ? line + strlen("oom_kill_disable ") : NULL;
}

const char *undo_value(enum readback form, const char *file, const char *written, const char *old,
		       struct arena *a)
{
	switch (form) {
	case READBACK_NEVER: return NULL;
	case READBACK_OOM: return old_oom(old, a);
	case READBACK_LINES:
	case READBACK_PAIRS: return old_line(form, file, written, old, a);
	default: break;
	}
	/* A write of no bytes is no write: an empty list needs its newline. */
	return *old ? old : "\n";
}

const char *undo_disabled(const char *enabled, const char *old, struct arena *a)
{
	const char *out = "";

	for (const char *at = enabled; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (!facts_lists(old, at + 1, n - 1))
			out =
			    arena_printf(a, "%s%s-%.*s", out, *out ? " " : "", (int)n - 1, at + 1);
		at += n;
	}
	return out;
}

const char *undo_enabled(const char *disabled, struct arena *a)
{
	char *out = arena_copy(a, disabled, strlen(disabled));

	for (char *at = out; *at; at++)
		if (*at == '-' && (at == out || at[-1] == ' '))
			*at = '+';
	return out;
}
