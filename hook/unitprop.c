/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitprop - one property of a systemd unit, as a value
 *
 * The D-Bus signature decides which fields of the value count: compared, written
 * as JSON, shown to people and read back.
 */
#include "hook/unitprop.h"

#include <string.h>

#include "hook/convert.h"
#include "oci/json.h"
#include "oci/jsonw.h"

enum { CPU_PERIOD_DEFAULT = 100000 }; /* microseconds */

struct unit_property *unitprop_find(const struct unit_properties *p, const char *name)
{
	for (size_t i = p->n; i-- > 0;)
		if (strcmp(p->list[i].name, name) == 0)
			return &p->list[i];
	return NULL;
}

/* --- by type --- */

enum shape { SHAPE_BOOL, SHAPE_NUMBER, SHAPE_STRING, SHAPE_ARRAY, SHAPE_BYTES, SHAPE_NONE };

/* What an element of an array holds. */
struct element {
	bool key, text, number;
};

static const struct {
	const char *type;
	enum shape shape;
	struct element element;
} shapes[] = {
    {"b", SHAPE_BOOL, {0}},
    {"t", SHAPE_NUMBER, {0}},
    {"s", SHAPE_STRING, {0}},
    {"as", SHAPE_ARRAY, {.key = true}},
    {"au", SHAPE_ARRAY, {.number = true}},
    {"ay", SHAPE_BYTES, {0}},
    {"a(ss)", SHAPE_ARRAY, {.key = true, .text = true}},
    {"a(st)", SHAPE_ARRAY, {.key = true, .number = true}},
};

static enum shape shape_of(const char *type, struct element *element)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (strcmp(shapes[i].type, type) == 0) {
			*element = shapes[i].element;
			return shapes[i].shape;
		}
	}
	return SHAPE_NONE;
}

/* NULL is no text, and the same as none. */
static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_items(const struct unit_property *a, const struct unit_property *b,
		       struct element el)
{
	if (a->n_items != b->n_items)
		return false;
	for (size_t i = 0; i < a->n_items; i++) {
		const struct unit_item *x = &a->items[i], *y = &b->items[i];

		if ((el.key && !same_text(x->key, y->key)) ||
		    (el.text && !same_text(x->text, y->text)) ||
		    (el.number && x->number != y->number))
			return false;
	}
	return true;
}

/* Bit masks: systemd answers with whole words, so bytes of 0 at the end say nothing. */
static bool same_bytes(const struct unit_property *a, const struct unit_property *b)
{
	size_t n = a->n_bytes > b->n_bytes ? a->n_bytes : b->n_bytes;

	for (size_t i = 0; i < n; i++)
		if ((i < a->n_bytes ? a->bytes[i] : 0) != (i < b->n_bytes ? b->bytes[i] : 0))
			return false;
	return true;
}

/* A period of infinity is systemd's word for its default. */
static uint64_t number_of(const struct unit_property *p)
{
	bool is_default =
	    p->number == UNITPROP_INFINITY && p->name && strcmp(p->name, "CPUQuotaPeriodUSec") == 0;

	return is_default ? CPU_PERIOD_DEFAULT : p->number;
}

bool unitprop_equal(const struct unit_property *a, const struct unit_property *b)
{
	struct element el = {0};

	if (strcmp(a->type, b->type) != 0)
		return false;
	switch (shape_of(a->type, &el)) {
	case SHAPE_BOOL: return !a->number == !b->number;
	case SHAPE_NUMBER: return number_of(a) == number_of(b);
	case SHAPE_STRING: return same_text(a->text, b->text);
	case SHAPE_ARRAY: return same_items(a, b, el);
	case SHAPE_BYTES: return same_bytes(a, b);
	case SHAPE_NONE: break;
	}
	return false;
}

/* --- JSON, out --- */

/* One element; a pair is an array of two. */
static void write_item(struct jsonw *w, const struct unit_item *item, struct element el)
{
	bool pair = el.key && (el.text || el.number);

	if (pair)
		jsonw_flat_array(w, NULL);
	if (el.key)
		jsonw_string(w, NULL, item->key ? item->key : "");
	if (el.text)
		jsonw_string(w, NULL, item->text ? item->text : "");
	if (el.number)
		jsonw_uint(w, NULL, item->number);
	if (pair)
		jsonw_end_array(w);
}

static void write_value(struct jsonw *w, const struct unit_property *p)
{
	struct element el = {0};
	enum shape shape = shape_of(p->type, &el);

	switch (shape) {
	case SHAPE_BOOL: jsonw_bool(w, "value", p->number != 0); return;
	case SHAPE_NUMBER: jsonw_uint(w, "value", p->number); return;
	case SHAPE_STRING: jsonw_string(w, "value", p->text ? p->text : ""); return;
	case SHAPE_NONE: jsonw_null(w, "value"); return;
	case SHAPE_ARRAY:
	case SHAPE_BYTES: break;
	}
	jsonw_flat_array(w, "value");
	for (size_t i = 0; shape == SHAPE_ARRAY && i < p->n_items; i++)
		write_item(w, &p->items[i], el);
	for (size_t i = 0; shape == SHAPE_BYTES && i < p->n_bytes; i++)
		jsonw_uint(w, NULL, p->bytes[i]);
	jsonw_end_array(w);
}

void unitprop_json(struct jsonw *w, const char *key, const struct unit_properties *p)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < p->n; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "name", p->list[i].name);
		jsonw_string(w, "type", p->list[i].type);
		write_value(w, &p->list[i]);
		if (p->list[i].why)
			jsonw_string(w, "why", p->list[i].why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

struct unit_properties unitprop_override(const struct unit_properties *list,
					 const struct unit_properties *by, struct arena *a)
{
	struct unit_properties ret = {0};

	for (size_t i = 0; i < list->n; i++)
		if (!unitprop_find(by, list->list[i].name))
			*ARENA_APPEND(a, ret.list, ret.n) = list->list[i];
	for (size_t i = 0; i < by->n; i++)
		*ARENA_APPEND(a, ret.list, ret.n) = by->list[i];
	return ret;
}

const char *unitprop_copy_text(const struct unit_properties *p, struct arena *a)
{
	struct text out = {0};
	struct jsonw w = {.out = &out};
	const char *copy;

	unitprop_json(&w, NULL, p);
	copy = arena_copy(a, out.s, out.len);
	text_free(&out);
	return copy;
}

/* --- for people --- */

static void show_number(struct text *out, uint64_t n)
{
	if (n == UNITPROP_INFINITY)
		text_puts(out, "infinity");
	else
		text_printf(out, "%llu", (unsigned long long)n);
}

/* "/dev/char/10:232 rwm", "/dev/block/8:0 1048576", "vm.slice", "4242" */
static void show_item(struct text *out, const struct unit_item *item, struct element el)
{
	if (el.key)
		text_puts(out, item->key ? item->key : "");
	if (el.key && (el.text || el.number))
		text_puts(out, " ");
	if (el.text)
		text_puts(out, item->text ? item->text : "");
	if (el.number)
		show_number(out, item->number);
}

void unitprop_text(const struct unit_property *p, struct text *out)
{
	struct element el = {0};

	switch (shape_of(p->type, &el)) {
	case SHAPE_BOOL: text_puts(out, p->number ? "yes" : "no"); return;
	case SHAPE_NUMBER: show_number(out, p->number); return;
	case SHAPE_STRING: text_printf(out, "\"%s\"", p->text ? p->text : ""); return;
	case SHAPE_ARRAY:
		text_puts(out, "[");
		for (size_t i = 0; i < p->n_items; i++) {
			text_puts(out, i ? ", " : "");
			show_item(out, &p->items[i], el);
		}
		text_puts(out, "]");
		return;
	case SHAPE_BYTES:
		text_puts(out, "[");
		for (size_t i = 0; i < p->n_bytes; i++)
			text_printf(out, "%s%02x", i ? " " : "", p->bytes[i]);
		text_puts(out, "]");
		return;
	case SHAPE_NONE: text_puts(out, "?"); return;
	}
}

/* --- JSON, in --- */

struct raw {
	const char *name, *type, *why, *text;
	struct opt_bool truth;
	struct opt_uint number;
	const struct json *list;
};

/* Where a value of each shape goes. */
static const struct json_field value_fields[] = {
    [SHAPE_BOOL] = {"value", WANT_BOOL, offsetof(struct raw, truth), true, 0, 0},
    [SHAPE_NUMBER] = {"value", WANT_UINT, offsetof(struct raw, number), true, 0, 0},
    [SHAPE_STRING] = {"value", WANT_STRING, offsetof(struct raw, text), true, 0, 0},
    [SHAPE_ARRAY] = {"value", WANT_ARRAY, offsetof(struct raw, list), true, 0, 0},
    [SHAPE_BYTES] = {"value", WANT_ARRAY, offsetof(struct raw, list), true, 0, 0},
};

static int read_string(const char **ret, const struct json *n, struct error *e)
{
	if (n->type != JSON_STRING)
		return json_error(n, e, "expected a string");
	*ret = n->text;
	return 0;
}

static int read_number(uint64_t *ret, const struct json *n, uint64_t most, struct error *e)
{
	if (n->type != JSON_NUMBER || !convert_digits(n->text, n->len, ret) || *ret > most)
		return json_error(n, e, "expected an integer from 0 to %llu",
				  (unsigned long long)most);
	return 0;
}

/* One element as write_item wrote it. most: what its number may be. */
static int read_item(struct unit_item *ret, const struct json *n, struct element el, uint64_t most,
		     struct error *e)
{
	const struct json *second = n;

	if (el.key && (el.text || el.number)) {
		if (n->type != JSON_ARRAY || n->count != 2)
			return json_error(n, e, "expected an array of two");
		second = n->last;
		n = n->first;
	}
	if (el.key && read_string(&ret->key, n, e) < 0)
		return -1;
	if (el.text && read_string(&ret->text, second, e) < 0)
		return -1;
	return el.number ? read_number(&ret->number, second, most, e) : 0;
}

static int read_items(struct unit_property *p, struct arena *a, const struct json *list,
		      struct element el, struct error *e)
{
	/* "au" and "a(st)" differ in the width of their numbers */
	uint64_t most = el.key ? UINT64_MAX : UINT32_MAX;

	for (const struct json *n = list->first; n; n = n->next)
		if (read_item(ARENA_APPEND(a, p->items, p->n_items), n, el, most, e) < 0)
			return -1;
	return 0;
}

static int read_bytes(struct unit_property *p, struct arena *a, const struct json *list,
		      struct error *e)
{
	unsigned char *bytes = arena_alloc(a, list->count + 1);
	uint64_t number = 0;

	for (const struct json *n = list->first; n; n = n->next) {
		if (read_number(&number, n, UINT8_MAX, e) < 0)
			return -1;
		bytes[n->index] = (unsigned char)number;
	}
	p->bytes = bytes;
	p->n_bytes = list->count;
	return 0;
}

/* Name and type first: the type says what the value must be. */
static int read_property(struct unit_property *ret, struct arena *a, const struct json *n,
			 struct error *e)
{
	struct json_field fields[] = {
	    {"name", WANT_STRING, offsetof(struct raw, name), true, 0, 0},
	    {"type", WANT_STRING, offsetof(struct raw, type), true, 0, 0},
	    {"why", WANT_STRING, offsetof(struct raw, why), false, 0, 0},
	    {0},
	};
	struct raw raw = {0};
	struct element el = {0};
	enum shape shape;

	if (json_read(n, fields, 3, UNKNOWN_IGNORED, &raw, e) < 0)
		return -1;
	shape = shape_of(raw.type, &el);
	if (shape == SHAPE_NONE)
		return json_error(json_member(n, "type"), e, "\"%s\" is no type known here",
				  raw.type);
	fields[3] = value_fields[shape];
	if (json_read(n, fields, 4, UNKNOWN_REFUSED, &raw, e) < 0)
		return -1;
	*ret = (struct unit_property){.name = raw.name, .type = raw.type, .why = raw.why};
	ret->text = raw.text;
	ret->number = shape == SHAPE_BOOL ? raw.truth.v : raw.number.v;
	if (shape == SHAPE_ARRAY)
		return read_items(ret, a, raw.list, el, e);
	return shape == SHAPE_BYTES ? read_bytes(ret, a, raw.list, e) : 0;
}

static int read_list(struct unit_properties *ret, struct arena *a, const char *file,
		     const char *bytes, size_t len, struct error *e)
{
	const struct json_options options = {.name = file};
	struct json *root;

	if (json_parse(&root, NULL, a, bytes, len, &options, e) < 0)
		return -1;
	if (root->type != JSON_ARRAY)
		return json_error(root, e, "expected an array of properties");
	for (const struct json *n = root->first; n; n = n->next)
		if (read_property(ARENA_APPEND(a, ret->list, ret->n), a, n, e) < 0)
			return -1;
	return 0;
}

int unitprop_parse(struct unit_properties *ret, struct arena *a, const char *file,
		   const char *bytes, size_t len, struct error *e)
{
	struct unit_properties read = {0};

	if (read_list(&read, a, file, bytes, len, e) < 0) {
		if (e)
			e->kind = ERROR_HOST; /* it is our own document, and something spoilt it */
		return -1;
	}
	*ret = read;
	return 0;
}
