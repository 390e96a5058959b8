/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_read - a record read back, and refused when it is not what record.c writes
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/record.h"

struct raw {
	struct opt_int version, created;
	const char *id, *status, *boot, *bundle, *layout, *manager, *mode, *path, *unit, *slice;
	const char *on_stop, *tail, *properties;
	struct opt_bool joined, frozen;
	const struct json *mounts, *init, *vm, *added, *devices, *denied, *before, *former, *plugs;
	const struct json *resources, *steps;
};

#define RAW(field, kind, must)                                                       \
	{                                                                            \
		.name = #field, .want = kind, .offset = offsetof(struct raw, field), \
		.required = must                                                     \
	}

static const struct json_field fields[] = {
    {.name = "vmcg",
     .want = WANT_INT,
     .offset = offsetof(struct raw, version),
     .required = true,
     .min = 1,
     .max = INT32_MAX},
    RAW(id, WANT_STRING, true),
    RAW(status, WANT_STRING, true),
    RAW(boot, WANT_STRING, true),
    RAW(bundle, WANT_STRING, false),
    RAW(created, WANT_INT, true),
    RAW(layout, WANT_STRING, true),
    RAW(manager, WANT_STRING, true),
    RAW(mode, WANT_STRING, true),
    RAW(path, WANT_STRING, true),
    RAW(unit, WANT_STRING, false),
    RAW(slice, WANT_STRING, false),
    RAW(on_stop, WANT_STRING, true),
    RAW(joined, WANT_BOOL, true),
    RAW(tail, WANT_STRING, false),
    RAW(frozen, WANT_BOOL, false),
    RAW(mounts, WANT_ARRAY, true),
    RAW(init, WANT_OBJECT, false),
    RAW(vm, WANT_OBJECT, false),
    RAW(added, WANT_ARRAY, false),
    RAW(devices, WANT_OBJECT, false),
    RAW(denied, WANT_OBJECT, false),
    RAW(before, WANT_OBJECT, false),
    RAW(former, WANT_OBJECT, false),
    RAW(plugs, WANT_ARRAY, false),
    RAW(resources, WANT_OBJECT, false),
    RAW(properties, WANT_STRING, false),
    RAW(steps, WANT_ARRAY, true),
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A word from a list, as its index. */
static int read_word(int *ret, const struct json *n, const char *value, const char *const *words,
		     size_t n_words, struct error *e)
{
	for (size_t i = 0; i < n_words; i++) {
		if (strcmp(words[i], value) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return json_error(n, e, "\"%s\" is not known here", value);
}

static int read_process(struct facts_process *ret, const struct json *n, struct arena *a,
			struct error *e)
{
	struct {
		struct opt_int pid;
		struct opt_uint start;
		const char *comm;
		const struct json *cgroups;
	} raw = {0};
	const struct json_field f[] = {
	    {"pid", WANT_INT, offsetof(__typeof__(raw), pid), true, 1, INT32_MAX},
	    {"start", WANT_UINT, offsetof(__typeof__(raw), start), true, 0, 0},
	    {"comm", WANT_STRING, offsetof(__typeof__(raw), comm), false, 0, 0},
	    {"cgroups", WANT_OBJECT, offsetof(__typeof__(raw), cgroups), false, 0, 0},
	};

	if (!n)
		return 0;
	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, &raw, e) < 0)
		return -1;
	ret->pid = raw.pid.v;
	ret->start = raw.start.v;
	ret->comm = raw.comm;
	for (const struct json *m = raw.cgroups ? raw.cgroups->first : NULL; m; m = m->next) {
		if (m->type != JSON_STRING)
			return json_error(m, e, "expected a string");
		*ARENA_APPEND(a, ret->cgroups, ret->n_cgroups) =
		    (struct facts_member){.hierarchy = m->key, .path = m->text};
	}
	return 0;
}

static int read_rule(struct device_entry *ret, const struct json *n, struct error *e)
{
	struct {
		const char *type, *access, *why;
		struct opt_int major, minor;
	} raw = {0};
	const struct json_field f[] = {
	    {"type", WANT_STRING, offsetof(__typeof__(raw), type), true, 0, 0},
	    {"major", WANT_INT, offsetof(__typeof__(raw), major), true, -1, 4095},
	    {"minor", WANT_INT, offsetof(__typeof__(raw), minor), true, -1, 1048575},
	    {"access", WANT_STRING, offsetof(__typeof__(raw), access), true, 0, 0},
	    {"why", WANT_STRING, offsetof(__typeof__(raw), why), false, 0, 0},
	};
	unsigned access = 0;

	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, &raw, e) < 0)
		return -1;
	if (strcmp(raw.type, "b") != 0 && strcmp(raw.type, "c") != 0)
		return json_error(n, e, "type \"%s\" is neither \"b\" nor \"c\"", raw.type);
	for (unsigned mask = 1; mask <= OCI_RWM; mask++)
		if (strcmp(devrules_access(mask), raw.access) == 0)
			access = mask;
	if (!access)
		return json_error(n, e, "access \"%s\" is not a subset of \"rwm\"", raw.access);
	*ret = (struct device_entry){.type = raw.type[0],
				     .major = raw.major.v,
				     .minor = raw.minor.v,
				     .access = access,
				     .why = raw.why};
	return 0;
}

static int read_policy(struct device_policy *ret, const struct json *n, struct arena *a,
		       struct error *e)
{
	static const char *const verdicts[] = {"deny", "allow"};
	struct {
		const char *verdict;
		const struct json *rules;
	} raw = {0};
	const struct json_field f[] = {
	    {"default", WANT_STRING, offsetof(__typeof__(raw), verdict), true, 0, 0},
	    {"rules", WANT_ARRAY, offsetof(__typeof__(raw), rules), true, 0, 0},
	};
	int allow = 0;

	if (!n)
		return 0;
	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, &raw, e) < 0 ||
	    read_word(&allow, n, raw.verdict, verdicts, COUNT(verdicts), e) < 0)
		return -1;
	ret->allow = allow;
	for (const struct json *r = raw.rules->first; r; r = r->next)
		if (read_rule(ARENA_APPEND(a, ret->entries, ret->n), r, e) < 0)
			return -1;
	return 0;
}

static int read_plug(struct record_plug *ret, const struct json *n, struct error *e)
{
	struct {
		const char *path, *type, *with;
		struct opt_int major, minor;
	} raw = {0};
	const struct json_field f[] = {
	    {"path", WANT_STRING, offsetof(__typeof__(raw), path), true, 0, 0},
	    {"type", WANT_STRING, offsetof(__typeof__(raw), type), true, 0, 0},
	    {"major", WANT_INT, offsetof(__typeof__(raw), major), true, 0, 4095},
	    {"minor", WANT_INT, offsetof(__typeof__(raw), minor), true, 0, 1048575},
	    {"with", WANT_STRING, offsetof(__typeof__(raw), with), false, 0, 0},
	};

	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, &raw, e) < 0)
		return -1;
	if (strcmp(raw.type, "b") != 0 && strcmp(raw.type, "c") != 0)
		return json_error(n, e, "type \"%s\" is neither \"b\" nor \"c\"", raw.type);
	*ret = (struct record_plug){.path = raw.path,
				    .type = raw.type[0],
				    .major = raw.major.v,
				    .minor = raw.minor.v,
				    .with = raw.with};
	return 0;
}

static int read_mount(struct facts_mount *ret, const struct json *n, struct error *e)
{
	static const struct json_field f[] = {
	    {"name", WANT_STRING, offsetof(struct facts_mount, name), true, 0, 0},
	    {"path", WANT_STRING, offsetof(struct facts_mount, path), true, 0, 0},
	    {"root", WANT_STRING, offsetof(struct facts_mount, root), false, 0, 0},
	};

	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, ret, e) < 0)
		return -1;
	if (!ret->root)
		ret->root = "/";
	return 0;
}

enum { N_OPS = PLAN_VERIFY + 1 };

/* A record is ours, but what it says becomes paths: hold it to what we write. */
static bool is_clean(const char *path, struct arena *a)
{
	const char *clean;

	return strcmp(path, "/") == 0 ||
	       (cgpath_clean(&clean, a, path, "path", NULL) == 0 && strcmp(path, clean) == 0);
}

/* What a step of each kind has, as far as it cannot be undone without. */
static int check_parts(const struct record_step *s, const struct json *n, struct error *e)
{
	static const struct {
		bool file, value;
	} needs[] = {
	    [PLAN_CHECK] = {true, true},     [PLAN_MKDIR] = {false, false},
	    [PLAN_ENABLE] = {true, true},    [PLAN_INHERIT] = {true, false},
	    [PLAN_DEVICES] = {false, false}, [PLAN_PLACE] = {true, true},
	    [PLAN_AFFINITY] = {false, true}, [PLAN_WRITE] = {true, true},
	    [PLAN_START] = {false, true},    [PLAN_SET] = {false, true},
	    [PLAN_VERIFY] = {true, true},
	};
	const struct plan_step *p = &s->step;

	_Static_assert(COUNT(needs) == N_OPS, "needs[] and enum plan_op differ");
	if ((needs[p->op].file && !p->file) || (needs[p->op].value && !p->value))
		return json_error(n, e, "a step \"%s\" without \"%s\"", plan_op_name[p->op],
				  needs[p->op].file && !p->file ? "file" : "value");
	if (p->op == PLAN_SET && !s->old != !s->set)
		return json_error(n, e, "only one of \"old\" and \"set\"");
	return 0;
}

static int read_step(struct record_step *ret, const struct json *n, struct arena *a,
		     struct error *e)
{
	struct {
		const char *op, *controller, *path, *file, *value, *why, *old, *set, *prior;
		struct opt_bool fresh;
	} raw = {0};
	const struct json_field f[] = {
	    {"op", WANT_STRING, offsetof(__typeof__(raw), op), true, 0, 0},
	    {"controller", WANT_STRING, offsetof(__typeof__(raw), controller), true, 0, 0},
	    {"path", WANT_STRING, offsetof(__typeof__(raw), path), true, 0, 0},
	    {"file", WANT_STRING, offsetof(__typeof__(raw), file), false, 0, 0},
	    {"value", WANT_STRING, offsetof(__typeof__(raw), value), false, 0, 0},
	    {"why", WANT_STRING, offsetof(__typeof__(raw), why), true, 0, 0},
	    {"fresh", WANT_BOOL, offsetof(__typeof__(raw), fresh), true, 0, 0},
	    {"old", WANT_STRING, offsetof(__typeof__(raw), old), false, 0, 0},
	    {"set", WANT_STRING, offsetof(__typeof__(raw), set), false, 0, 0},
	    {"prior", WANT_STRING, offsetof(__typeof__(raw), prior), false, 0, 0},
	};
	int op = 0;

	if (json_read(n, f, COUNT(f), UNKNOWN_REFUSED, &raw, e) < 0 ||
	    read_word(&op, n, raw.op, plan_op_name, N_OPS, e) < 0)
		return -1;
	if (!is_clean(raw.path, a))
		return json_error(n, e, "\"%s\" is not a clean cgroup path", raw.path);
	if (raw.file && (!*raw.file || raw.file[0] == '.' || strchr(raw.file, '/')))
		return json_error(n, e, "\"%s\" is not the name of a control file", raw.file);
	*ret = (struct record_step){.step = {.op = (enum plan_op)op,
					     .controller = raw.controller,
					     .path = raw.path,
					     .file = raw.file,
					     .value = raw.value,
					     .why = raw.why},
				    .fresh = raw.fresh.v,
				    .old = raw.old,
				    .set = raw.set,
				    .prior = raw.prior};
	return check_parts(ret, n, e);
}

static int read_words(struct record *r, const struct raw *raw, const struct json *root,
		      struct error *e)
{
	static const char *const on_stop[] = {"move", "kill"};
	int status = 0, layout = 0, manager = 0, mode = 0, kill = 0;

	if (read_word(&status, root, raw->status, record_status_name, 3, e) < 0 ||
	    read_word(&layout, root, raw->layout, layout_name, 3, e) < 0 ||
	    read_word(&manager, root, raw->manager, manager_name, 2, e) < 0 ||
	    read_word(&mode, root, raw->mode, mode_name, 2, e) < 0 ||
	    read_word(&kill, root, raw->on_stop, on_stop, COUNT(on_stop), e) < 0)
		return -1;
	r->status = (enum record_status)status;
	r->layout = (enum layout)layout;
	r->manager = (enum manager)manager;
	r->mode = (enum mode)mode;
	r->kill = kill;
	return 0;
}

static int read_lists(struct record *r, const struct raw *raw, struct arena *a, struct error *e)
{
	for (const struct json *n = raw->mounts->first; n; n = n->next)
		if (read_mount(ARENA_APPEND(a, r->mounts, r->n_mounts), n, e) < 0)
			return -1;
	for (const struct json *n = raw->steps->first; n; n = n->next)
		if (read_step(ARENA_APPEND(a, r->steps, r->n_steps), n, a, e) < 0)
			return -1;
	for (const struct json *n = raw->added ? raw->added->first : NULL; n; n = n->next)
		if (read_process(ARENA_APPEND(a, r->added, r->n_added), n, a, e) < 0)
			return -1;
	for (const struct json *n = raw->plugs ? raw->plugs->first : NULL; n; n = n->next)
		if (read_plug(ARENA_APPEND(a, r->plugs, r->n_plugs), n, e) < 0)
			return -1;
	return 0;
}

/* What is in a record was in a config before, and is called as it was there. */
static int read_resources(struct record *r, const struct json *n, struct arena *a, struct error *e)
{
	struct oci_resources none = {0};

	r->resources = none;
	r->has_resources = n != NULL;
	if (n && oci_resources_read(&r->resources, n, a, e) < 0)
		return -1;
	r->resources.base = "/linux/resources";
	return 0;
}

/* Another version has other fields, so it is told before they are looked at. */
static int check_version(const struct json *root, struct error *e)
{
	const struct json *version = json_member(root, "vmcg");
	long n = version && version->type == JSON_NUMBER ? strtol(version->text, NULL, 10) : 0;

	if (!version || version->type != JSON_NUMBER || (n >= RECORD_OLDEST && n <= RECORD_VERSION))
		return 0;
	return json_error(version, e,
			  "the record has version %s, and this vmcg knows versions %d to %d only: "
			  "use the vmcg that made it",
			  version->text, RECORD_OLDEST, RECORD_VERSION);
}

static int read_all(struct record *r, const struct json *root, struct arena *a, struct error *e)
{
	struct raw raw = {0};

	if (json_read(root, fields, COUNT(fields), UNKNOWN_REFUSED, &raw, e) < 0)
		return -1;
	/* No plan has the root for its target. */
	if (!is_clean(raw.path, a) || strcmp(raw.path, "/") == 0)
		return json_error(root, e, "\"%s\" is not a clean cgroup path", raw.path);
	r->id = raw.id;
	r->boot = raw.boot;
	r->bundle = raw.bundle;
	r->created = raw.created.v;
	r->path = raw.path;
	r->unit = raw.unit;
	r->slice = raw.slice;
	r->joined = raw.joined.v;
	r->tail = raw.tail;
	r->frozen = raw.frozen.set && raw.frozen.v;
	r->properties = raw.properties;
	r->has_devices = raw.devices != NULL;
	r->has_former = raw.former != NULL;
	if (read_words(r, &raw, root, e) < 0 || read_lists(r, &raw, a, e) < 0 ||
	    read_process(&r->init, raw.init, a, e) < 0 || read_process(&r->vm, raw.vm, a, e) < 0 ||
	    read_policy(&r->devices, raw.devices, a, e) < 0 ||
	    read_policy(&r->denied, raw.denied, a, e) < 0 ||
	    read_policy(&r->before, raw.before, a, e) < 0 ||
	    read_policy(&r->former, raw.former, a, e) < 0 ||
	    read_resources(r, raw.resources, a, e) < 0)
		return -1;
	return 0;
}

int record_parse(struct record *ret, struct arena *a, const char *file, const char *bytes,
		 size_t len, struct error *e)
{
	const struct json_options o = {.name = file};
	struct record r = {0};
	struct json *root;
	int result;

	result = json_parse(&root, NULL, a, bytes, len, &o, e);
	if (result == 0 && root->type != JSON_OBJECT)
		result = json_error(root, e, "is not an object");
	if (result == 0 && check_version(root, e) < 0) {
		if (e)
			e->kind = ERROR_HOST;
		return -1;
	}
	if (result == 0)
		result = read_all(&r, root, a, e);
	if (result == 0) {
		*ret = r;
		return 0;
	}
	/* Not the caller's input: our own file, on this host. */
	if (e && e->kind == ERROR_INPUT)
		e->kind = ERROR_HOST;
	return error_add(e, "; the record is damaged or foreign: look at it, then remove it");
}
