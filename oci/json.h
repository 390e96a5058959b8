/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - JSON text to a tree of the parts somebody asked for
 *
 * The only file that sees the JSON library, through its callback parser. What
 * is not in the keep list is checked (syntax, depth, duplicate names, UTF-8,
 * NUL) and skipped without being built, so the size of a config.json does not
 * matter to those who read a corner of it.
 *
 * Refused, with the document's name, the line and a JSON pointer (RFC 6901):
 * more than 16 MiB, more than 64 levels, more than 262144 values in the parts that
 * are built (each costs memory), duplicate names in one object, NUL or
 * a lone surrogate in a string, invalid UTF-8, comments, trailing text, an
 * empty document. Numbers stay as their digits until a typed reader asks.
 */
#ifndef VMCG_OCI_JSON_H
#define VMCG_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/arena.h"
#include "oci/error.h"

enum { JSON_MAX_BYTES = 16 << 20, JSON_MAX_DEPTH = 64, JSON_MAX_VALUES = 1 << 18 };

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* A value. Lives in the arena that json_parse was given, as all it points to. */
struct json {
	enum json_type type;
	bool truth;          /* JSON_BOOL */
	unsigned line;       /* where the value ends, from 1 */
	unsigned index;      /* place in the parent array */
	size_t end;          /* place in the document behind its last byte; at a number that is
			      * the root: the document's end */
	const char *key;     /* name in the parent object; the document's name at the root */
	const char *text;    /* JSON_STRING: the decoded bytes; JSON_NUMBER: the digits */
	size_t len;          /* of text */
	struct json *parent; /* NULL at the root */
	struct json *first;  /* JSON_ARRAY, JSON_OBJECT: children in document order */
	struct json *last;
	struct json *next; /* the next child of the same parent */
	size_t count;      /* number of children */
};

struct json_options {
	const char *name;        /* of the document, for messages: "config.json" */
	const char *const *keep; /* NULL-terminated JSON pointers to build, with all
				  * below them, and the objects on the way; what is
				  * on the way and no object is built without its
				  * elements; NULL: everything */
	bool many;               /* stop after the first value instead of refusing more text */
};

/*
 * Parse one document. *ret_used (may be NULL) is the number of bytes it took.
 * Errors are ERROR_INPUT.
 */
int json_parse(struct json **ret, size_t *ret_used, struct arena *a, const char *bytes, size_t len,
	       const struct json_options *o, struct error *e);

/* The JSON pointer of a node, in the arena. "" at the root. */
const char *json_pointer(const struct json *n, struct arena *a);

/* Fill e with "NAME:LINE: POINTER: <message>"; returns -1. */
int json_error(const struct json *n, struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The member of an object by name; NULL when absent, or when its value is null. */
const struct json *json_member(const struct json *object, const char *name);

/* --- typed reading, by table --- */

/* Absent is not zero: every optional scalar says whether it was there. */
struct opt_int {
	bool set;
	int64_t v;
};
struct opt_uint {
	bool set;
	uint64_t v;
};
struct opt_bool {
	bool set;
	bool v;
};

enum json_want {
	WANT_INT,    /* struct opt_int,  min..max as int64_t */
	WANT_UINT,   /* struct opt_uint, 0..max */
	WANT_BOOL,   /* struct opt_bool */
	WANT_STRING, /* const char *, NULL when absent */
	WANT_ARRAY,  /* const struct json *, NULL when absent */
	WANT_OBJECT, /* const struct json *, NULL when absent */
};

struct json_field {
	const char *name;
	enum json_want want;
	size_t offset; /* of the destination in the struct that is filled */
	bool required;
	int64_t min;  /* WANT_INT; 0 in both min and max means the whole int64 range */
	uint64_t max; /* WANT_INT, WANT_UINT; 0 means the type's maximum */
};

enum json_unknown { UNKNOWN_IGNORED, UNKNOWN_REFUSED };

/*
 * Read the members of an object into a struct. null counts as absent. Unknown
 * names are ignored (OCI documents: the spec demands it) or refused (our own).
 * Strings and nodes are borrowed from the tree's arena. Errors are ERROR_INPUT
 * and name pointer, line, the value and what was expected.
 */
int json_read(const struct json *object, const struct json_field *fields, size_t n_fields,
	      enum json_unknown unknown, void *into, struct error *e);

#endif
