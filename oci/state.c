/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - the OCI state document that a hook gets on standard input
 *
 * Lenient in what may be missing or empty, because runtimes leave out different
 * things; strict in what is there, because id and bundle become path names.
 */
#include "oci/state.h"

#include <string.h>

enum { MAX_ID = 1024, MAX_PATH = 4095 };

/* What is wrong with an id; NULL when nothing is. */
static const char *id_fault(const char *id)
{
	size_t len = strlen(id);

	if (len == 0)
		return "is empty; an id has 1 to 1024 letters, digits or \"_+-.\"";
	if (len > MAX_ID)
		return "is too long; an id has at most 1024 letters, digits or \"_+-.\"";
	if (!strcmp(id, ".") || !strcmp(id, ".."))
		return "would name a directory on the way; \".\" and \"..\" are no ids";
	for (; *id; id++)
		/* Not isalnum(): the rule is about ASCII, whatever the locale. */
		if (!((*id >= '0' && *id <= '9') || (*id >= 'a' && *id <= 'z') ||
		      (*id >= 'A' && *id <= 'Z') || strchr("_+-.", *id)))
			return "holds other characters than letters, digits and \"_+-.\"";
	return NULL;
}

int oci_state_check_id(const char *id, struct error *e)
{
	const char *fault = id_fault(id);

	if (!fault)
		return 0;
	return error_set(e, ERROR_INPUT, "container id \"%.64s%s\" %s", id,
			 strlen(id) > 64 ? "..." : "", fault);
}

int oci_state_annotations(struct oci_annotation **ret, size_t *ret_n, const struct json *object,
			  struct arena *a, struct error *e)
{
	struct oci_annotation *list = NULL;
	size_t n = 0;

	for (const struct json *m = object ? object->first : NULL; m; m = m->next) {
		struct oci_annotation *one;

		if (!*m->key)
			return json_error(object, e, "a name is empty");
		if (m->type != JSON_STRING)
			return json_error(m, e, "the value of an annotation must be a string");
		one = ARENA_APPEND(a, list, n);
		one->key = m->key;
		one->value = m->text;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

/* The members as they stand in the document. */
struct members {
	const char *oci_version, *id, *status, *bundle, *bundle_path;
	struct opt_int pid;
	const struct json *annotations;
};

#define MEMBER(text, kind, member, ...)                                                 \
	{                                                                               \
		.name = text, .want = kind, .offset = offsetof(struct members, member), \
		__VA_ARGS__                                                             \
	}

static const struct json_field fields[] = {
    MEMBER("ociVersion", WANT_STRING, oci_version),
    MEMBER("id", WANT_STRING, id, .required = true),
    MEMBER("status", WANT_STRING, status),
    MEMBER("pid", WANT_INT, pid, .min = 0, .max = INT32_MAX),
    MEMBER("bundle", WANT_STRING, bundle),
    MEMBER("bundlePath", WANT_STRING, bundle_path),
    MEMBER("annotations", WANT_OBJECT, annotations),
};

static int check_bundle(const struct json *root, const char *name, struct error *e)
{
	const struct json *n = json_member(root, name);

	if (n->len > MAX_PATH)
		return json_error(n, e, "%zu bytes are too long for a path (at most %d)", n->len,
				  MAX_PATH);
	if (n->text[0] != '/')
		return json_error(n, e, "\"%.64s%s\" is not an absolute path", n->text,
				  n->len > 64 ? "..." : "");
	return 0;
}

/* The tree to a state, with what json_read cannot check. */
static int read_state(struct oci_state *ret, const struct json *root, struct arena *a,
		      struct error *e)
{
	struct members m;
	struct oci_state s = {0};
	const char *fault;

	if (json_read(root, fields, sizeof(fields) / sizeof(*fields), UNKNOWN_IGNORED, &m, e) < 0)
		return -1;
	fault = id_fault(m.id);
	if (fault)
		return json_error(json_member(root, "id"), e, "\"%.64s%s\" %s", m.id,
				  strlen(m.id) > 64 ? "..." : "", fault);
	s.bundle = m.bundle ? m.bundle : m.bundle_path;
	if (s.bundle && check_bundle(root, m.bundle ? "bundle" : "bundlePath", e) < 0)
		return -1;
	if (oci_state_annotations(&s.annotations, &s.n_annotations, m.annotations, a, e) < 0)
		return -1;
	s.oci_version = m.oci_version;
	s.id = m.id;
	s.status = m.status;
	s.pid = m.pid.v;
	*ret = s;
	return 0;
}

int oci_state_parse(struct oci_state *ret, size_t *ret_used, struct arena *a, const char *bytes,
		    size_t len, struct error *e)
{
	static const char *const keep[] = {"/ociVersion", "/id",         "/status",      "/pid",
					   "/bundle",     "/bundlePath", "/annotations", NULL};
	static const struct json_options o = {.name = "state", .keep = keep, .many = true};
	struct json *root;
	size_t used;

	if (json_parse(&root, &used, a, bytes, len, &o, e) < 0)
		return -1;
	if (read_state(ret, root, a, e) < 0)
		return -1;
	if (ret_used)
		*ret_used = used;
	return 0;
}
