/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts_json - host facts as JSON, read and written
 *
 * Strict on the way in: it is our own document, so an unknown name is a mistake.
 * Only "layout" and "mounts" must be there. What is written reads back the same.
 */
#include "hook/facts.h"

#include <string.h>

#include "oci/jsonw.h"

/* The document as it stands, before its parts are looked into. */
struct document {
	const char *layout, *kernel, *cpus, *mems, *delegated;
	struct opt_uint page_size, systemd, euid;
	struct opt_bool rootless;
	const struct json *mounts, *roots, *controllers, *files, *devices, *cgroups, *processes;
};

#define FIELD(type, member, w, needed)                                          \
	{                                                                       \
		.name = #member, .want = (w), .offset = offsetof(type, member), \
		.required = (needed)                                            \
	}

static const struct json_field document_fields[] = {
    FIELD(struct document, layout, WANT_STRING, true),
    FIELD(struct document, kernel, WANT_STRING, false),
    FIELD(struct document, page_size, WANT_UINT, false),
    FIELD(struct document, cpus, WANT_STRING, false),
    FIELD(struct document, mems, WANT_STRING, false),
    FIELD(struct document, systemd, WANT_UINT, false),
    FIELD(struct document, mounts, WANT_OBJECT, true),
    FIELD(struct document, roots, WANT_OBJECT, false),
    FIELD(struct document, controllers, WANT_ARRAY, false),
    FIELD(struct document, files, WANT_ARRAY, false),
    FIELD(struct document, devices, WANT_OBJECT, false),
    FIELD(struct document, cgroups, WANT_OBJECT, false),
    FIELD(struct document, processes, WANT_ARRAY, false),
    FIELD(struct document, euid, WANT_UINT, false),
    FIELD(struct document, rootless, WANT_BOOL, false),
    FIELD(struct document, delegated, WANT_STRING, false),
};

struct device_object {
	const char *type;
	struct opt_int major, minor;
};

#define NUMBER_FIELD(member, most)                                                            \
	{                                                                                     \
		.name = #member, .want = WANT_INT,                                            \
		.offset = offsetof(struct device_object, member), .required = true, .min = 0, \
		.max = (most)                                                                 \
	}

static const struct json_field device_fields[] = {
    FIELD(struct device_object, type, WANT_STRING, true),
    NUMBER_FIELD(major, UINT32_MAX),
    NUMBER_FIELD(minor, UINT32_MAX),
};

struct cgroup_object {
	struct opt_uint procs, children;
	const struct json *in;
	const char *type, *controllers, *subtree_control;
};

static const struct json_field cgroup_fields[] = {
    FIELD(struct cgroup_object, procs, WANT_UINT, false),
    FIELD(struct cgroup_object, children, WANT_UINT, false),
    FIELD(struct cgroup_object, in, WANT_ARRAY, false),
    FIELD(struct cgroup_object, type, WANT_STRING, false),
    FIELD(struct cgroup_object, controllers, WANT_STRING, false),
    FIELD(struct cgroup_object, subtree_control, WANT_STRING, false),
};

struct process_object {
	struct opt_int pid;
	struct opt_uint start;
	const char *comm;
	struct opt_bool kvm, init;
	const struct json *cgroups;
};

static const struct json_field process_fields[] = {
    {.name = "pid",
     .want = WANT_INT,
     .offset = offsetof(struct process_object, pid),
     .required = true,
     .min = 1,
     .max = INT32_MAX},
    FIELD(struct process_object, start, WANT_UINT, false),
    FIELD(struct process_object, comm, WANT_STRING, false),
    FIELD(struct process_object, kvm, WANT_BOOL, false),
    FIELD(struct process_object, init, WANT_BOOL, false),
    FIELD(struct process_object, cgroups, WANT_OBJECT, false),
};

#define READ(object, fields, into, e)                                                        \
	json_read((object), (fields), sizeof(fields) / sizeof((fields)[0]), UNKNOWN_REFUSED, \
		  (into), (e))

/* --- in --- */

static const struct json *first_of(const struct json *list)
{
	return list ? list->first : NULL;
}

static int want_string(const struct json *n, struct error *e)
{
	if (n->type != JSON_STRING)
		return json_error(n, e, "expected a string");
	return 0;
}

/* A string that starts with "/". */
static int want_path(const struct json *n, struct error *e)
{
	if (want_string(n, e) < 0)
		return -1;
	if (n->text[0] != '/')
		return json_error(n, e, "\"%s\": expected an absolute path", n->text);
	return 0;
}

/* A member whose name is a path. */
static int want_path_key(const struct json *n, struct error *e)
{
	if (n->key[0] != '/')
		return json_error(n, e, "\"%s\": expected an absolute path as the name", n->key);
	return 0;
}

static int parse_words(const char ***ret, size_t *ret_n, struct arena *a, const struct json *list,
		       struct error *e)
{
	for (const struct json *n = first_of(list); n; n = n->next) {
		if (want_string(n, e) < 0)
			return -1;
		*ARENA_APPEND(a, *ret, *ret_n) = n->text;
	}
	return 0;
}

static int parse_layout(struct facts *f, const struct json *root, const char *name, struct error *e)
{
	for (int i = LAYOUT_LEGACY; i <= LAYOUT_UNIFIED; i++) {
		if (strcmp(name, layout_name[i]) == 0) {
			f->layout = (enum layout)i;
			return 0;
		}
	}
	return json_error(json_member(root, "layout"), e,
			  "\"%s\": expected \"legacy\", \"hybrid\" or \"unified\"", name);
}

/* The layout says whether there is a v2 tree, and the mounts must agree. */
static int check_layout(const struct facts *f, const struct json *mounts, struct error *e)
{
	bool v2 = facts_mount(f, "unified"), v1 = f->n_mounts > (v2 ? 1 : 0);

	if (f->layout == LAYOUT_LEGACY && v2)
		return json_error(mounts, e, "layout legacy has no mount \"unified\"");
	if (f->layout != LAYOUT_LEGACY && !v2)
		return json_error(mounts, e, "layout %s needs the mount \"unified\"",
				  layout_name[f->layout]);
	if (f->layout != LAYOUT_UNIFIED && !v1)
		return json_error(mounts, e, "layout %s needs the mount of a v1 controller",
				  layout_name[f->layout]);
	return 0;
}

static int parse_mounts(struct facts *f, struct arena *a, const struct document *d, struct error *e)
{
	for (const struct json *n = first_of(d->mounts); n; n = n->next) {
		if (want_path(n, e) < 0)
			return -1;
		*ARENA_APPEND(a, f->mounts, f->n_mounts) =
		    (struct facts_mount){n->key, n->text, "/"};
	}
	for (const struct json *n = first_of(d->roots); n; n = n->next) {
		size_t i = 0;

		if (want_path(n, e) < 0)
			return -1;
		while (i < f->n_mounts && strcmp(f->mounts[i].name, n->key) != 0)
			i++;
		if (i == f->n_mounts)
			return json_error(n, e, "\"%s\" is not in \"mounts\"", n->key);
		f->mounts[i].root = n->text;
	}
	return check_layout(f, d->mounts, e);
}

static int parse_device(struct facts_device *ret, const struct json *n, struct error *e)
{
	struct device_object o = {0};

	*ret = (struct facts_device){.path = n->key};
	if (n->type == JSON_NULL)
		return 0;
	if (READ(n, device_fields, &o, e) < 0)
		return -1;
	if (strcmp(o.type, "b") != 0 && strcmp(o.type, "c") != 0)
		return json_error(json_member(n, "type"), e, "\"%s\": expected \"b\" or \"c\"",
				  o.type);
	ret->present = true;
	ret->type = o.type[0];
	ret->major = o.major.v;
	ret->minor = o.minor.v;
	return 0;
}

static int parse_devices(struct facts *f, struct arena *a, const struct json *list, struct error *e)
{
	for (const struct json *n = first_of(list); n; n = n->next) {
		if (want_path_key(n, e) < 0 ||
		    parse_device(ARENA_APPEND(a, f->devices, f->n_devices), n, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_cgroups(struct facts *f, struct arena *a, const struct json *list, struct error *e)
{
	for (const struct json *n = first_of(list); n; n = n->next) {
		struct cgroup_object o = {0};
		struct facts_cgroup c = {.path = n->key};

		if (want_path_key(n, e) < 0 || READ(n, cgroup_fields, &o, e) < 0 ||
		    parse_words(&c.in, &c.n_in, a, o.in, e) < 0)
			return -1;
		c.procs = o.procs.v;
		c.children = o.children.v;
		c.type = o.type;
		c.controllers = o.controllers;
		c.subtree_control = o.subtree_control;
		*ARENA_APPEND(a, f->cgroups, f->n_cgroups) = c;
	}
	return 0;
}

static int parse_processes(struct facts *f, struct arena *a, const struct json *list,
			   struct error *e)
{
	for (const struct json *n = first_of(list); n; n = n->next) {
		struct process_object o = {0};
		struct facts_process p = {0};

		if (READ(n, process_fields, &o, e) < 0)
			return -1;
		p.pid = o.pid.v;
		p.start = o.start.v;
		p.comm = o.comm ? o.comm : "";
		p.kvm = o.kvm.v;
		p.init = o.init.v;
		for (const struct json *m = first_of(o.cgroups); m; m = m->next) {
			if (want_path(m, e) < 0)
				return -1;
			*ARENA_APPEND(a, p.cgroups, p.n_cgroups) =
			    (struct facts_member){m->key, m->text};
		}
		*ARENA_APPEND(a, f->processes, f->n_processes) = p;
	}
	return 0;
}

int facts_parse(struct facts *ret, struct arena *a, const char *bytes, size_t len, struct error *e)
{
	static const struct json_options options = {.name = "host facts"};
	struct document d = {0};
	struct facts f = {0};
	struct json *root;

	if (json_parse(&root, NULL, a, bytes, len, &options, e) < 0 ||
	    READ(root, document_fields, &d, e) < 0 || parse_layout(&f, root, d.layout, e) < 0 ||
	    parse_mounts(&f, a, &d, e) < 0 ||
	    parse_words(&f.controllers, &f.n_controllers, a, d.controllers, e) < 0 ||
	    parse_words(&f.files, &f.n_files, a, d.files, e) < 0 ||
	    parse_devices(&f, a, d.devices, e) < 0 || parse_cgroups(&f, a, d.cgroups, e) < 0 ||
	    parse_processes(&f, a, d.processes, e) < 0)
		return -1;
	f.kernel = d.kernel ? d.kernel : "";
	f.page_size = d.page_size.set ? d.page_size.v : 4096;
	f.cpus = d.cpus ? d.cpus : "0";
	f.mems = d.mems ? d.mems : "0";
	f.systemd = d.systemd.v;
	f.euid = d.euid.v;
	f.rootless = d.rootless.v;
	f.delegated = d.delegated;
	*ret = f;
	return 0;
}

/* --- out --- */

static void put_mounts(struct jsonw *w, const struct facts *f)
{
	bool parts = false;

	jsonw_object(w, "mounts");
	for (size_t i = 0; i < f->n_mounts; i++) {
		jsonw_string(w, f->mounts[i].name, f->mounts[i].path);
		parts = parts || strcmp(f->mounts[i].root, "/") != 0;
	}
	jsonw_end_object(w);
	if (!parts)
		return;
	jsonw_object(w, "roots");
	for (size_t i = 0; i < f->n_mounts; i++)
		if (strcmp(f->mounts[i].root, "/") != 0)
			jsonw_string(w, f->mounts[i].name, f->mounts[i].root);
	jsonw_end_object(w);
}

static void put_words(struct jsonw *w, const char *key, const char *const *words, size_t n)
{
	jsonw_flat_array(w, key);
	for (size_t i = 0; i < n; i++)
		jsonw_string(w, NULL, words[i]);
	jsonw_end_array(w);
}

static void put_devices(struct jsonw *w, const struct facts *f)
{
	jsonw_object(w, "devices");
	for (size_t i = 0; i < f->n_devices; i++) {
		const struct facts_device *d = &f->devices[i];
		const char type[] = {d->type, '\0'};

		if (!d->present) {
			jsonw_null(w, d->path);
			continue;
		}
		jsonw_flat_object(w, d->path);
		jsonw_string(w, "type", type);
		jsonw_int(w, "major", d->major);
		jsonw_int(w, "minor", d->minor);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void put_cgroups(struct jsonw *w, const struct facts *f)
{
	jsonw_object(w, "cgroups");
	for (size_t i = 0; i < f->n_cgroups; i++) {
		const struct facts_cgroup *c = &f->cgroups[i];

		jsonw_flat_object(w, c->path);
		jsonw_uint(w, "procs", c->procs);
		jsonw_uint(w, "children", c->children);
		if (c->n_in)
			put_words(w, "in", c->in, c->n_in);
		if (c->type)
			jsonw_string(w, "type", c->type);
		if (c->controllers)
			jsonw_string(w, "controllers", c->controllers);
		if (c->subtree_control)
			jsonw_string(w, "subtree_control", c->subtree_control);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void put_processes(struct jsonw *w, const struct facts *f)
{
	if (f->n_processes == 0)
		return;
	jsonw_array(w, "processes");
	for (size_t i = 0; i < f->n_processes; i++) {
		const struct facts_process *p = &f->processes[i];

		jsonw_object(w, NULL);
		jsonw_int(w, "pid", p->pid);
		jsonw_uint(w, "start", p->start);
		jsonw_string(w, "comm", p->comm);
		jsonw_bool(w, "kvm", p->kvm);
		jsonw_bool(w, "init", p->init);
		jsonw_object(w, "cgroups");
		for (size_t j = 0; j < p->n_cgroups; j++)
			jsonw_string(w, p->cgroups[j].hierarchy, p->cgroups[j].path);
		jsonw_end_object(w);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

void facts_json(const struct facts *f, struct text *out)
{
	struct jsonw w = {.out = out, .pretty = true};

	jsonw_object(&w, NULL);
	jsonw_string(&w, "layout", layout_name[f->layout]);
	jsonw_string(&w, "kernel", f->kernel);
	jsonw_uint(&w, "page_size", f->page_size);
	jsonw_string(&w, "cpus", f->cpus);
	jsonw_string(&w, "mems", f->mems);
	jsonw_uint(&w, "systemd", f->systemd);
	put_mounts(&w, f);
	put_words(&w, "controllers", f->controllers, f->n_controllers);
	put_words(&w, "files", f->files, f->n_files);
	put_devices(&w, f);
	put_cgroups(&w, f);
	put_processes(&w, f);
	jsonw_uint(&w, "euid", f->euid);
	jsonw_bool(&w, "rootless", f->rootless);
	if (f->delegated)
		jsonw_string(&w, "delegated", f->delegated);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}
