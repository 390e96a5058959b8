/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy - the administrator's file, read strictly
 */
#include "hook/policy.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "hook/hypervisor.h"

/* The file as JSON has it, before words become flags. */
struct raw {
	const struct json *devices, *annotations;
	const char *rootless, *on_stop, *manager, *root;
	struct opt_bool join;
};

static const struct json_field top[] = {
    {.name = "devices", .want = WANT_OBJECT, .offset = offsetof(struct raw, devices)},
    {.name = "annotations", .want = WANT_ARRAY, .offset = offsetof(struct raw, annotations)},
    {.name = "rootless", .want = WANT_STRING, .offset = offsetof(struct raw, rootless)},
    {.name = "join", .want = WANT_BOOL, .offset = offsetof(struct raw, join)},
    {.name = "on_stop", .want = WANT_STRING, .offset = offsetof(struct raw, on_stop)},
    {.name = "manager", .want = WANT_STRING, .offset = offsetof(struct raw, manager)},
    {.name = "root", .want = WANT_STRING, .offset = offsetof(struct raw, root)},
};

static const struct {
	const char *name;
	size_t offset; /* of the list in struct policy */
} device_lists[] = {
    {"add", offsetof(struct policy, add)},         {"remove", offsetof(struct policy, remove)},
    {"require", offsetof(struct policy, require)}, {"deny", offsetof(struct policy, deny)},
    {"permit", offsetof(struct policy, permit)},
};

enum { N_DEVICE_LISTS = sizeof(device_lists) / sizeof(*device_lists) };

/* Whatever is not known here would never act: the known ones are listed. */
static int refuse_unknown(const struct json *array, const char *const *known, const char *what,
			  struct arena *a, struct error *e)
{
	for (const struct json *n = array ? array->first : NULL; n; n = n->next) {
		const char *all = NULL;
		size_t i;

		for (i = 0; known[i] && strcmp(known[i], n->text) != 0; i++)
			all = all ? arena_printf(a, "%s, %s", all, known[i]) : known[i];
		if (!known[i])
			return json_error(n, e, "\"%s\" is no %s; these are: %s", n->text, what,
					  all);
	}
	return 0;
}

/* An array of strings; those that name files must be absolute paths. */
static int read_list(struct policy_list *out, const struct json *array, bool paths, struct arena *a,
		     struct error *e)
{
	for (const struct json *n = array ? array->first : NULL; n; n = n->next) {
		if (n->type != JSON_STRING)
			return json_error(n, e, "expected a string");
		if (paths && n->text[0] != '/')
			return json_error(n, e, "\"%s\" is not an absolute path", n->text);
		*ARENA_APPEND(a, out->items, out->n) = n->text;
	}
	return 0;
}

static int read_devices(struct policy *p, const struct json *object, struct arena *a,
			struct error *e)
{
	const struct json *arrays[N_DEVICE_LISTS] = {0};
	struct json_field fields[N_DEVICE_LISTS] = {0};

	if (!object)
		return 0;
	for (size_t i = 0; i < N_DEVICE_LISTS; i++)
		fields[i] = (struct json_field){.name = device_lists[i].name,
						.want = WANT_ARRAY,
						.offset = i * sizeof(arrays[0])};
	if (json_read(object, fields, N_DEVICE_LISTS, UNKNOWN_REFUSED, arrays, e) < 0)
		return -1;
	for (size_t i = 0; i < N_DEVICE_LISTS; i++) {
		char *list = (char *)p + device_lists[i].offset;

		if (read_list((struct policy_list *)(void *)list, arrays[i], true, a, e) < 0)
			return -1;
	}
	return refuse_unknown(json_member(object, "remove"), hypervisor_builtin(a),
			      "built-in device", a, e);
}

/* One of two words: sets *ret for the second. */
static int read_word(bool *ret, const struct json *root, const char *name, const char *value,
		     const char *no, const char *yes, struct error *e)
{
	if (!value)
		return 0;
	*ret = strcmp(value, yes) == 0;
	if (*ret || strcmp(value, no) == 0)
		return 0;
	return json_error(json_member(root, name), e, "\"%s\" is neither \"%s\" nor \"%s\"", value,
			  no, yes);
}

static int read_manager(struct policy *p, const struct json *root, const char *value,
			struct error *e)
{
	if (value && strcmp(value, "auto") != 0 && strcmp(value, "cgroupfs") != 0 &&
	    strcmp(value, "systemd") != 0)
		return json_error(json_member(root, "manager"), e,
				  "\"%s\" is none of auto, cgroupfs, systemd", value);
	p->manager = value;
	return 0;
}

int policy_parse(struct policy *ret, struct arena *a, const char *bytes, size_t len,
		 struct error *e)
{
	static const char *const annotations[] = {ANNOTATION_VM_PID_FILE, ANNOTATION_DEVICES, NULL};
	const struct json_options o = {.name = "policy"};
	struct policy p = {0};
	struct raw raw = {0};
	struct json *root;

	if (json_parse(&root, NULL, a, bytes, len, &o, e) < 0)
		return -1;
	if (root->type != JSON_OBJECT)
		return json_error(root, e, "the policy is not an object");
	if (json_read(root, top, sizeof(top) / sizeof(*top), UNKNOWN_REFUSED, &raw, e) < 0 ||
	    read_devices(&p, raw.devices, a, e) < 0 ||
	    read_list(&p.annotations, raw.annotations, false, a, e) < 0 ||
	    refuse_unknown(raw.annotations, annotations, "annotation that vmcg acts on", a, e) <
		0 ||
	    read_word(&p.rootless_require, root, "rootless", raw.rootless, "warn", "require", e) <
		0 ||
	    read_word(&p.kill, root, "on_stop", raw.on_stop, "move", "kill", e) < 0 ||
	    read_manager(&p, root, raw.manager, e) < 0)
		return -1;
	if (raw.root && raw.root[0] != '/')
		return json_error(json_member(root, "root"), e, "\"%s\" is not an absolute path",
				  raw.root);
	p.join = raw.join.set && raw.join.v;
	p.root = raw.root;
	*ret = p;
	return 0;
}

bool policy_lists(const struct policy_list *list, const char *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

bool policy_permits(const struct policy_list *list, const char *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (fnmatch(list->items[i], item, FNM_PATHNAME | FNM_PERIOD) == 0)
			return true;
	return false;
}
