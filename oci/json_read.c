/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read - a JSON tree into typed structs, and errors that say where
 *
 * A table says for each name what is expected and where it goes. All members are
 * checked before the first is stored, so that a refused object changes nothing.
 */
#include "oci/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oci/text.h"

enum { SHOWN_VALUE = 48, SHOWN_POINTER = 360 };

/* Append a component of a JSON pointer, with its two special characters escaped. */
static void put_component(struct text *t, const char *key)
{
	for (; *key; key++) {
		if (*key == '~')
			text_puts(t, "~0");
		else if (*key == '/')
			text_puts(t, "~1");
		else
			text_put(t, key, 1);
	}
}

/* Write the pointer of a node: the parents first. The depth of a tree is limited. */
static void put_pointer(struct text *t, const struct json *n)
{
	const struct json *chain[JSON_MAX_DEPTH + 1];
	size_t depth = 0;

	for (; n->parent && depth < sizeof(chain) / sizeof(*chain); n = n->parent)
		chain[depth++] = n;
	text_puts(t, "");
	while (depth-- > 0) {
		text_puts(t, "/");
		if (chain[depth]->parent->type == JSON_ARRAY)
			text_printf(t, "%u", chain[depth]->index);
		else
			put_component(t, chain[depth]->key);
	}
}

const char *json_pointer(const struct json *n, struct arena *a)
{
	struct text t = {0};
	const char *copy;

	put_pointer(&t, n);
	copy = arena_copy(a, t.s, t.len);
	text_free(&t);
	return copy;
}

/* The largest i <= at where no UTF-8 sequence is cut in two. */
static size_t cut_before(const char *s, size_t at)
{
	while (at > 0 && ((unsigned char)s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* A pointer from the input can be longer than a message: the middle is the part to leave out. */
static void shorten_pointer(struct text *t)
{
	const size_t side = SHOWN_POINTER / 2;
	size_t head, tail;

	if (t->len <= SHOWN_POINTER)
		return;
	head = cut_before(t->s, side);
	tail = cut_before(t->s, t->len - side);
	memmove(t->s + head + 3, t->s + tail, t->len - tail + 1);
	memcpy(t->s + head, "...", 3);
	t->len = head + 3 + (t->len - tail);
}

int json_error(const struct json *n, struct error *e, const char *fmt, ...)
{
	char what[sizeof(e->text)];
	struct text at = {0};
	const struct json *root;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (root = n; root->parent; root = root->parent)
		;
	put_pointer(&at, n);
	shorten_pointer(&at);
	error_set(e, ERROR_INPUT, "%s:%u: %s%s%s", root->key ? root->key : "document", n->line,
		  at.s, at.len ? ": " : "", what);
	text_free(&at);
	return -1;
}

const struct json *json_member(const struct json *object, const char *name)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (!strcmp(m->key, name))
			return m->type == JSON_NULL ? NULL : m;
	return NULL;
}

/* What a value is, for a message: its text when it has one, and its type. */
static const char *describe(const struct json *n, char *buf, size_t size)
{
	bool cut = n->len > SHOWN_VALUE;
	int len = (int)(cut ? cut_before(n->text, SHOWN_VALUE) : n->len);

	switch (n->type) {
	case JSON_NULL: return "this is null";
	case JSON_BOOL: return n->truth ? "true is a boolean" : "false is a boolean";
	case JSON_ARRAY: return "this is an array";
	case JSON_OBJECT: return "this is an object";
	case JSON_NUMBER:
		snprintf(buf, size, "%.*s%s is a number", len, n->text, cut ? "..." : "");
		return buf;
	case JSON_STRING: break;
	}
	snprintf(buf, size, "\"%.*s%s\" is a string", len, n->text, cut ? "..." : "");
	return buf;
}

/* What each kind of field takes. */
static const struct {
	enum json_type type;
	const char *name;
} wants[] = {
    [WANT_INT] = {JSON_NUMBER, "an integer"},   [WANT_UINT] = {JSON_NUMBER, "an integer"},
    [WANT_BOOL] = {JSON_BOOL, "true or false"}, [WANT_STRING] = {JSON_STRING, "a string"},
    [WANT_ARRAY] = {JSON_ARRAY, "an array"},    [WANT_OBJECT] = {JSON_OBJECT, "an object"},
};

static int fail_type(const struct json *n, const char *expected, struct error *e)
{
	char buf[SHOWN_VALUE + 32];

	return json_error(n, e, "%s, expected %s", describe(n, buf, sizeof(buf)), expected);
}

/* The bounds of an integer field. min has no meaning for WANT_UINT. */
struct range {
	int64_t min;
	uint64_t max;
};

static struct range range_of(const struct json_field *f)
{
	struct range r = {.min = f->min, .max = f->max};

	if (f->want == WANT_UINT) {
		r.min = 0;
		r.max = f->max ? f->max : UINT64_MAX;
	} else if (f->max == 0) {
		r.min = f->min ? f->min : INT64_MIN;
		r.max = INT64_MAX;
	}
	return r;
}

/* Digits without a sign to a number; false when they do not fit in 64 bits. */
static bool read_digits(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (; *s; s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

/* Is magnitude, negated if asked, within the range? */
static bool in_range(bool negative, uint64_t magnitude, struct range r)
{
	if (!negative)
		return magnitude <= r.max && (r.min <= 0 || magnitude >= (uint64_t)r.min);
	/* -(min + 1) + 1 is the size of min without an overflow at INT64_MIN. */
	return r.min < 0 && magnitude <= (uint64_t)(-(r.min + 1)) + 1;
}

/* Read an integer that is written in digits; the bits of a negative one in two's complement. */
static int read_integer(const struct json *n, const struct json_field *f, uint64_t *ret,
			struct error *e)
{
	bool negative = n->text[0] == '-';
	const char *digits = n->text + negative;
	struct range r = range_of(f);
	const char *dots = n->len > SHOWN_VALUE ? "..." : "";
	uint64_t v = 0;

	if (digits[strspn(digits, "0123456789")] || (negative && digits[0] == '0'))
		return json_error(n, e, "%.*s%s is not an integer written in digits", SHOWN_VALUE,
				  n->text, dots);
	if (negative && r.min >= 0)
		return json_error(n, e, "%.*s%s is negative, expected %" PRId64 "..%" PRIu64,
				  SHOWN_VALUE, n->text, dots, r.min, r.max);
	if (!read_digits(digits, &v) || !in_range(negative, v, r))
		return json_error(n, e, "%.*s%s is out of range (%" PRId64 "..%" PRIu64 ")",
				  SHOWN_VALUE, n->text, dots, r.min, r.max);
	*ret = negative ? 0 - v : v;
	return 0;
}

/* Check one member (NULL: absent) and, with a destination, store it. */
static int read_field(const struct json *n, const struct json_field *f, void *to, struct error *e)
{
	uint64_t v = 0;

	if (n && n->type != wants[f->want].type)
		return fail_type(n, wants[f->want].name, e);
	if (n && n->type == JSON_NUMBER && read_integer(n, f, &v, e) < 0)
		return -1;
	if (!to)
		return 0;
	switch (f->want) {
	case WANT_INT: *(struct opt_int *)to = (struct opt_int){n != NULL, (int64_t)v}; break;
	case WANT_UINT: *(struct opt_uint *)to = (struct opt_uint){n != NULL, v}; break;
	case WANT_BOOL: *(struct opt_bool *)to = (struct opt_bool){n != NULL, n && n->truth}; break;
	case WANT_STRING: *(const char **)to = n ? n->text : NULL; break;
	case WANT_ARRAY:
	case WANT_OBJECT: *(const struct json **)to = n; break;
	}
	return 0;
}

/* Refuse a member that the table does not have, and say what it has. */
static int check_known(const struct json *object, const struct json_field *fields, size_t n_fields,
		       struct error *e)
{
	struct text known = {0};

	for (const struct json *m = object->first; m; m = m->next) {
		size_t i;

		for (i = 0; i < n_fields; i++)
			if (!strcmp(fields[i].name, m->key))
				break;
		if (i < n_fields)
			continue;
		for (i = 0; i < n_fields; i++)
			text_printf(&known, "%s%s", i ? ", " : "", fields[i].name);
		json_error(m, e, "unknown name \"%.*s\"; known here: %s", SHOWN_VALUE, m->key,
			   known.s ? known.s : "none");
		text_free(&known);
		return -1;
	}
	return 0;
}

int json_read(const struct json *object, const struct json_field *fields, size_t n_fields,
	      enum json_unknown unknown, void *into, struct error *e)
{
	if (object->type != JSON_OBJECT)
		return fail_type(object, "an object", e);
	if (unknown == UNKNOWN_REFUSED && check_known(object, fields, n_fields, e) < 0)
		return -1;
	for (size_t i = 0; i < n_fields; i++) {
		const struct json *m = json_member(object, fields[i].name);

		if (!m && fields[i].required)
			return json_error(object, e, "\"%s\" is missing", fields[i].name);
		if (read_field(m, &fields[i], NULL, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < n_fields; i++)
		read_field(json_member(object, fields[i].name), &fields[i],
			   (char *)into + fields[i].offset, e);
	return 0;
}
