/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - JSON text to a tree of the parts somebody asked for
 *
 * How it works.
 *   1. json_scan looks through the bytes for what no document may hold. What it
 *      finds is not reported yet: the text ends there for the second step.
 *   2. yajl calls back for each token. A frame for each open object or array says
 *      whether the next child is skipped, built, or built only if it is an object
 *      that may lead to something in the keep list. Names are checked everywhere.
 *   3. The first error in document order is reported: the parser's, then a text
 *      that ends too early, then what the scan found.
 * A frame also knows the name or index of its current child, so an error in a part
 * that is not built has a pointer, too.
 *
 * yajl gets the text as one piece, so its strings point into it unless they had
 * escapes. Comments and more than one value are off by default.
 */
#include "oci/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "oci/json_names.h"
#include "oci/json_scan.h"

enum { MAX_KEEP = 32 };

/* What becomes of the next child of an open object or array. */
enum fate {
	SKIP,
	BUILD, /* with all below it */
	PATH,  /* an object: with what the keep list names; an array: without its elements */
};

/* An open object or array; the lowest stands for what is around the root. */
struct frame {
	struct json *node;  /* NULL when it is skipped */
	enum fate fate;     /* of the next child */
	uint32_t keep;      /* the pointers that lead through this object, as bits */
	uint32_t keep_next; /* those of them that lead through the child, when its fate is PATH */
	bool object;
	unsigned count;  /* children begun */
	size_t name_len; /* of the last name in names */
	struct json_names names;
};

struct parser {
	const struct json_options *o;
	struct arena *arena;
	struct error *e;
	yajl_handle yajl;
	const char *bytes;
	size_t len;
	bool at_end; /* yajl has seen all of the text */
	bool failed; /* the error is filled in */
	bool done;   /* the root is complete */
	struct json *root;
	size_t built;  /* values */
	unsigned line; /* of the byte at line_at */
	size_t line_at;
	struct json_names_pool pool;
	struct frame *top; /* of the innermost open object or array */
	struct frame frames[JSON_MAX_DEPTH + 1];
};

/* --- where we are --- */

/* Behind the current token. yajl counts anew when it is told that the text has ended. */
static size_t offset(const struct parser *p)
{
	return p->at_end ? p->len : yajl_get_bytes_consumed(p->yajl);
}

/* The line of a byte; bytes are asked for in ascending order. */
static unsigned line_of(struct parser *p, size_t at)
{
	if (at > p->line_at) {
		p->line += (unsigned)json_scan_lines(p->bytes + p->line_at, at - p->line_at);
		p->line_at = at;
	}
	return p->line;
}

/* What an error is about: the innermost open value, or the child of it that has begun. */
enum whereabouts { OPEN_VALUE, CHILD };

/* The number of open objects and arrays. */
static unsigned depth_of(const struct parser *p)
{
	return (unsigned)(p->top - p->frames);
}

/* Was a name seen whose value was not? */
static bool is_named(const struct frame *f)
{
	return f->object && f->names.n > f->count;
}

/*
 * Report an error about what is being parsed at byte at. The frames become a chain of nodes, so
 * that parsed and built values are named by the same code.
 */
static int fail(struct parser *p, size_t at, enum whereabouts about, const char *what)
    __attribute__((cold, noinline)); /* its chain of nodes has no place in the callbacks' frames */

static int fail(struct parser *p, size_t at, enum whereabouts about, const char *what)
{
	struct json chain[JSON_MAX_DEPTH + 1] = {{.key = p->o->name}};
	struct arena scratch = {0};
	unsigned depth = depth_of(p), n = depth ? depth - 1 : 0;

	if (depth && (p->top->object ? is_named(p->top) : about == CHILD))
		n++;
	for (unsigned i = 1; i <= n; i++) {
		const struct frame *f = &p->frames[i];

		chain[i - 1].type = f->object ? JSON_OBJECT : JSON_ARRAY;
		chain[i].parent = &chain[i - 1];
		/* The innermost array has not counted the element that has only begun. */
		chain[i].index = i < depth ? f->count - 1 : f->count;
		if (f->object)
			chain[i].key =
			    arena_copy(&scratch, json_names_text(&f->names, &p->pool), f->name_len);
	}
	chain[n].line = line_of(p, at);
	json_error(&chain[n], p->e, "%s", what);
	arena_free(&scratch);
	p->failed = true;
	return 0; /* to yajl: stop */
}

/* --- the keep list --- */

/* The k-th component of a JSON pointer and its length. */
static const char *component(const char *pointer, unsigned k, size_t *ret_len)
{
	for (unsigned i = 0; i <= k; i++) {
		pointer = strchr(pointer, '/');
		assert(pointer);
		pointer++;
	}
	*ret_len = strcspn(pointer, "/");
	return pointer;
}

/* Is the component of a pointer, where "~1" stands for "/" and "~0" for "~", this name? */
static bool component_is(const char *c, size_t n, const char *name, size_t len)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++, k++) {
		char want = c[i];

		if (want == '~' && i + 1 < n)
			want = c[++i] == '1' ? '/' : '~';
		if (k == len || name[k] != want)
			return false;
	}
	return k == len;
}

/* Decide on the member that was just named, in an object that leads to something kept. */
static void choose(struct parser *p, struct frame *f, const char *name, size_t len)
{
	f->fate = SKIP;
	f->keep_next = 0;
	for (unsigned i = 0; i < MAX_KEEP && p->o->keep[i]; i++) {
		const char *c;
		size_t n;

		if (!(f->keep & UINT32_C(1) << i))
			continue;
		c = component(p->o->keep[i], depth_of(p) - 1, &n);
		if (!component_is(c, n, name, len))
			continue;
		if (c[n] == '\0') {
			f->fate = BUILD;
			return;
		}
		f->fate = PATH;
		f->keep_next |= UINT32_C(1) << i;
	}
}

/* The fate of the root. */
static void start_keep(struct parser *p)
{
	struct frame *f = &p->frames[0];

	f->fate = p->o->keep ? PATH : BUILD;
	for (unsigned i = 0; p->o->keep && p->o->keep[i]; i++) {
		assert(i < MAX_KEEP);
		f->keep_next |= UINT32_C(1) << i;
		if (!*p->o->keep[i])
			f->fate = BUILD;
	}
}

/* --- building --- */

static struct json *build(struct parser *p, enum json_type type) __attribute__((noinline));

/* Build the node of the value that was just counted. Kept out of add, which is to be small. */
static struct json *build(struct parser *p, enum json_type type)
{
	const struct frame *f = p->top;
	struct json *n, *parent = f->node;

	n = ARENA_NEW(p->arena, struct json);
	p->built++;
	n->type = type;
	n->end = offset(p);
	n->line = line_of(p, n->end);
	n->parent = parent;
	if (!parent) {
		n->key = p->o->name;
		p->root = n;
		p->done = type != JSON_OBJECT && type != JSON_ARRAY;
		return n;
	}
	n->index = f->count - 1;
	if (f->object)
		n->key = arena_copy(p->arena, json_names_text(&f->names, &p->pool), f->name_len);
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	parent->count++;
	return n;
}

/* Count one more value and build its node, unless it is skipped, as nearly all are: NULL. */
static struct json *add(struct parser *p, enum json_type type)
{
	struct frame *f = p->top;

	f->count++;
	return f->fate == SKIP ? NULL : build(p, type);
}

/* What a callback returns: go on, unless too much was built. */
static int go_on(struct parser *p)
{
	if (p->built <= JSON_MAX_VALUES)
		return 1;
	return fail(p, offset(p), OPEN_VALUE, "more than 262144 values in the parts that are read");
}

static int add_text(struct parser *p, enum json_type type, const char *s, size_t len)
{
	struct json *n = add(p, type);

	if (!n)
		return 1;
	n->text = arena_copy(p->arena, s, len);
	n->len = len;
	return go_on(p);
}

static int open_frame(struct parser *p, bool object)
{
	const struct frame *outer = p->top;
	struct frame *f = p->top + 1;

	if (f == p->frames + sizeof(p->frames) / sizeof(*p->frames))
		return fail(p, offset(p), CHILD, "more than 64 levels of arrays and objects");
	f->node = add(p, object ? JSON_OBJECT : JSON_ARRAY);
	f->fate = outer->fate == BUILD ? BUILD : SKIP;
	f->keep = outer->fate == PATH && object ? outer->keep_next : 0;
	f->object = object;
	f->count = 0;
	if (object)
		json_names_open(&f->names, &p->pool);
	p->top = f;
	return f->node ? go_on(p) : 1;
}

static int close_frame(struct parser *p)
{
	struct frame *f = p->top--;

	if (f->node) {
		f->node->end = offset(p);
		f->node->line = line_of(p, f->node->end);
	}
	if (f->object)
		json_names_close(&f->names, &p->pool);
	p->done = p->top == p->frames;
	return 1;
}

/* --- what yajl calls --- */

static int on_null(void *ctx)
{
	return add(ctx, JSON_NULL) ? go_on(ctx) : 1;
}

static int on_boolean(void *ctx, int truth)
{
	struct json *n = add(ctx, JSON_BOOL);

	if (!n)
		return 1;
	n->truth = truth != 0;
	return go_on(ctx);
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return add_text(ctx, JSON_NUMBER, s, len);
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	return add_text(ctx, JSON_STRING, (const char *)s, len);
}

static int on_open_object(void *ctx)
{
	return open_frame(ctx, true);
}

static int on_open_array(void *ctx)
{
	return open_frame(ctx, false);
}

static int on_close(void *ctx)
{
	return close_frame(ctx);
}

static int on_name(void *ctx, const unsigned char *s, size_t len)
{
	struct parser *p = ctx;
	struct frame *f = p->top;
	const char *name = (const char *)s;

	if (!json_names_add(&f->names, &p->pool, name, len)) {
		char what[128];

		snprintf(what, sizeof(what), "the name \"%.*s%s\" stands twice in one object",
			 len > 64 ? 64 : (int)len, name, len > 64 ? "..." : "");
		return fail(p, offset(p), OPEN_VALUE, what);
	}
	f->name_len = len;
	if (f->keep)
		choose(p, f, name, len);
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_open_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_close,
    .yajl_start_array = on_open_array,
    .yajl_end_array = on_close,
};

/* --- the whole text --- */

/* Report a syntax error in yajl's words, up to the full stop or line end. */
static void fail_syntax(struct parser *p)
{
	char what[160];
	unsigned char *words;

	if (p->done) {
		fail(p, offset(p), OPEN_VALUE, "there is more text behind the end of the document");
		return;
	}
	words = yajl_get_error(p->yajl, 0, (const unsigned char *)p->bytes, p->len);
	snprintf(what, sizeof(what), "not valid JSON: %.*s",
		 words ? (int)strcspn((char *)words, ".\n") : 0, words ? (char *)words : "");
	if (words)
		yajl_free_error(p->yajl, words);
	fail(p, offset(p), OPEN_VALUE, what);
}

static void fail_truncated(struct parser *p)
{
	const char *what = "the text ends in the middle of a value";

	if (p->top > p->frames && !p->top->object)
		what = "the text ends in the middle of an array";
	else if (p->top > p->frames && !is_named(p->top))
		what = "the text ends in the middle of an object";
	fail(p, p->len, OPEN_VALUE, what);
}

/*
 * Let yajl go through the first len bytes; fault is what made them end there, NULL
 * when they are all there is. Returns the number of bytes the document took.
 */
static size_t run(struct parser *p, const char *fault)
{
	yajl_status status;
	bool was_done;
	size_t used;

	status = yajl_parse(p->yajl, (const unsigned char *)p->bytes, p->len);
	used = yajl_get_bytes_consumed(p->yajl);
	if (p->failed)
		return 0;
	if (status != yajl_status_ok) {
		fail_syntax(p);
		return 0;
	}
	if (p->done && p->o->many)
		return used;
	if (fault) {
		fail(p, p->len, CHILD, fault);
		return 0;
	}
	/* A number ends only where the text does; so does a cut word behind the root. */
	p->at_end = true;
	was_done = p->done;
	status = yajl_complete_parse(p->yajl);
	if (!p->failed && was_done && status != yajl_status_ok)
		fail_syntax(p);
	else if (!p->failed && (status != yajl_status_ok || !p->done))
		fail_truncated(p);
	return p->len;
}

static void free_parser(struct parser *p)
{
	for (; p->top > p->frames; p->top--)
		if (p->top->object)
			json_names_close(&p->top->names, &p->pool);
	text_free(&p->pool.decoded);
	yajl_free(p->yajl);
}

int json_parse(struct json **ret, size_t *ret_used, struct arena *a, const char *bytes, size_t len,
	       const struct json_options *o, struct error *e)
{
	static const char too_large[] = "larger than 16 MiB, the most that is accepted";
	struct parser p = {.o = o, .arena = a, .e = e, .bytes = bytes, .line = 1};
	const char *fault = NULL;
	size_t blank, used;

	if (len > JSON_MAX_BYTES && !o->many)
		return error_set(e, ERROR_INPUT, "%s: %zu bytes, %s", o->name, len, too_large);
	p.len = len > JSON_MAX_BYTES ? JSON_MAX_BYTES : len;
	for (blank = 0; blank < p.len && memchr(" \t\r\n", bytes[blank], 4); blank++)
		;
	if (blank == p.len)
		return error_set(e, ERROR_INPUT, "%s: the document is empty", o->name);
	if (p.len < len)
		fault = too_large;
	p.len = json_scan(bytes, p.len, &fault);
	p.pool = (struct json_names_pool){.doc = bytes, .len = p.len};
	p.yajl = yajl_alloc(&callbacks, NULL, &p);
	if (!p.yajl)
		return error_set(e, ERROR_INTERNAL, "%s: out of memory", o->name);
	/* json_scan is stricter about UTF-8 than yajl. */
	yajl_config(p.yajl, yajl_dont_validate_strings, 1);
	if (o->many)
		yajl_config(p.yajl, yajl_allow_trailing_garbage, 1);
	p.top = p.frames;
	start_keep(&p);
	used = run(&p, fault);
	free_parser(&p);
	if (p.failed)
		return -1;
	*ret = p.root;
	if (ret_used)
		*ret_used = used;
	return 0;
}
