/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_edit - a JSON text with more elements in one of its arrays, all else byte for byte
 *
 * How it works. The parser walks the whole text and tells where the values on the way to
 * the array end. The deepest of them that is there is the place:
 *   the array          the elements go before its closing bracket
 *   an object          the missing member goes before its closing brace, and holds the
 *                      rest of the way
 *   null               is replaced by the rest of the way
 * White space before the closing bracket stays between what is new and the bracket. A
 * comma is due unless the byte before that white space is the opening bracket: no value
 * ends in one.
 */
#include "oci/json_edit.h"

#include <assert.h>
#include <string.h>

/* What becomes of the text: bytes from..to make room for what is new. */
struct splice {
	size_t from, to;
	const char *lead; /* what stands before the new value: "," or "" */
	const char *rest; /* the way from the new value to the array: "", "/resources/devices" */
	bool named;       /* the new value is a member: its name is the first of rest */
	bool bare;        /* only the elements are new, the array is there */
};

/* Before the closing bracket of an object or array. */
static void splice_inside(struct splice *s, const char *bytes, const struct json *n)
{
	size_t at = n->end - 1;

	/* The parser takes two blanks more than JSON has. */
	while (memchr(" \t\r\n\v\f", bytes[at - 1], 6))
		at--;
	s->from = s->to = at;
	s->lead = memchr("[{", bytes[at - 1], 2) ? "" : ",";
}

/* Follow the pointer as far as it leads. Nothing but what is on the way was built: an object has
 * the next step as its only member, or none. */
static int locate(struct splice *s, const char *bytes, const struct json *n,
		  const struct json_edit *edit, struct error *e)
{
	const char *rest = edit->pointer;

	while (*rest && n->type == JSON_OBJECT) {
		if (!n->first) {
			s->rest = rest;
			s->named = true;
			splice_inside(s, bytes, n);
			return 0;
		}
		n = n->first;
		rest += 1 + strcspn(rest + 1, "/");
	}
	s->rest = rest;
	if (n->type == JSON_NULL && n->parent) {
		s->from = n->end - strlen("null");
		s->to = n->end;
		return 0;
	}
	if (*rest)
		return json_error(n, e, "this is no object, so nothing can be added to %s",
				  edit->pointer);
	if (n->type != JSON_ARRAY)
		return json_error(n, e, "this is no array, so nothing can be added to it");
	s->bare = true;
	splice_inside(s, bytes, n);
	return 0;
}

/* The new value: the objects that lead to the array, the array, the elements. */
static void put_value(struct text *t, const struct splice *s, const char *elements)
{
	bool named = s->named;
	size_t objects = 0;

	text_puts(t, s->lead);
	for (const char *name = s->rest; *name;) {
		size_t len = strcspn(name + 1, "/");

		if (!named) {
			text_puts(t, "{");
			objects++;
		}
		named = false;
		text_puts(t, "\"");
		text_put(t, name + 1, len);
		text_puts(t, "\":");
		name += 1 + len;
	}
	text_puts(t, s->bare ? "" : "[");
	text_puts(t, elements);
	text_puts(t, s->bare ? "" : "]");
	while (objects-- > 0)
		text_puts(t, "}");
}

int json_edit_append(struct text *out, const char *bytes, size_t len, const struct json_edit *edit,
		     struct error *e)
{
	const char *const keep[] = {edit->pointer, NULL};
	const struct json_options o = {.name = edit->name, .keep = keep};
	struct splice s = {.lead = ""};
	struct arena a = {0};
	struct text value = {0};
	struct json *root;
	int r;

	assert(edit->pointer[0] == '/' && edit->elements[0]);
	r = json_parse(&root, NULL, &a, bytes, len, &o, e);
	if (r == 0)
		r = locate(&s, bytes, root, edit, e);
	if (r == 0) {
		put_value(&value, &s, edit->elements);
		len += value.len - (s.to - s.from);
		if (len > JSON_MAX_BYTES)
			r = error_set(e, ERROR_INPUT,
				      "%s: with what is added to %s it has %zu bytes, more than 16 "
				      "MiB, the most that is accepted",
				      edit->name, edit->pointer, len);
	}
	if (r == 0) {
		text_put(out, bytes, s.from);
		text_put(out, value.s, value.len);
		text_put(out, bytes + s.to, len - value.len - s.from);
	}
	text_free(&value);
	arena_free(&a);
	return r;
}
