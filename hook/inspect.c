/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the commands that only look: host, list, show, paths
 *
 * Records are read without their lock: they are replaced as a whole, and a look
 * must not wait for a setup that is under way.
 */
#include "hook/inspect.h"

#include <string.h>
#include <time.h>

#include "hook/bus.h"
#include "hook/cgroupfs.h"
#include "hook/host.h"
#include "hook/list.h"
#include "hook/log.h"
#include "hook/procs.h"
#include "hook/show.h"
#include "hook/store.h"
#include "oci/jsonw.h"
#include "oci/state.h"

/* --- vmcg host --- */

int inspect_host(struct context *c, struct error *e)
{
	static const char *const devices[] = {"/dev/kvm", "/dev/mshv", "/dev/vhost-net",
					      "/dev/vhost-vsock", "/dev/vfio/vfio"};
	static const char *const cgroups[] = {"/"};
	const struct host_wishes w = {.cgroups = cgroups,
				      .n_cgroups = 1,
				      .devices = devices,
				      .n_devices = sizeof(devices) / sizeof(*devices),
				      .all_files = true};
	struct error unknown;
	struct facts f;

	if (host_probe(&f, c->arena, &w, e) < 0)
		return -1;
	/* Nothing depends on the version here: where nobody answers it stays unknown. */
	if (bus_version(&f.systemd, c, NULL, &unknown) < 0)
		log_info("%s", unknown.text);
	if (c->options.json)
		facts_json(&f, c->out);
	else
		facts_text(&f, c->out);
	return 0;
}

/* --- records --- */

static bool vm_runs(const struct record *r)
{
	struct held_process p = PROCS_NONE;
	bool same;

	if (!r->vm.pid || procs_hold(&p, r->vm.pid, NULL) < 0)
		return false;
	same = p.start == r->vm.start;
	procs_release(&p);
	return same;
}

static const char *condition(const struct record *r)
{
	if (r->status != RECORD_APPLIED)
		return "half-done";
	if (!r->vm.pid)
		return "no VM yet";
	return vm_runs(r) ? "running" : "VM gone";
}

static void list_json(struct jsonw *w, const struct record *r)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "id", r->id);
	jsonw_string(w, "status", record_status_name[r->status]);
	jsonw_string(w, "manager", manager_name[r->manager]);
	jsonw_string(w, "mode", mode_name[r->mode]);
	jsonw_string(w, "path", r->path);
	jsonw_int(w, "created", r->created);
	if (r->vm.pid) {
		jsonw_int(w, "pid", r->vm.pid);
		jsonw_string(w, "comm", r->vm.comm);
		jsonw_bool(w, "running", vm_runs(r));
	} else {
		jsonw_null(w, "pid");
	}
	jsonw_end_object(w);
}

static void list_text(struct text *out, const struct record *r)
{
	text_printf(out, "%-24s %-10s %-9s %-6s %8lld %-16s %s\n", r->id, condition(r),
		    manager_name[r->manager], mode_name[r->mode], (long long)r->vm.pid,
		    r->vm.comm ? r->vm.comm : "-", r->path);
}

int list_command(struct context *c, struct error *e)
{
	struct jsonw w = {.out = c->out, .pretty = true};
	struct store store = STORE_NONE;
	const char **ids = NULL;
	struct record r = {0};
	size_t n = 0;
	int got;

	got = store_open(&store, c->root, false, e);
	if (got == 0)
		got = store_list(&ids, &n, &store, c->arena, e);
	if (c->options.json)
		jsonw_array(&w, NULL);
	else if (got >= 0)
		text_printf(c->out, "%-24s %-10s %-9s %-6s %8s %-16s %s\n", "ID", "STATUS",
			    "MANAGER", "MODE", "PID", "PROCESS", "CGROUP");
	for (size_t i = 0; got >= 0 && i < n; i++) {
		int loaded = store_load(&r, &store, ids[i], c->arena, e);

		if (loaded < 0) /* one that cannot be read does not hide the others */
			log_warning("%s", e->text);
		if (loaded)
			continue; /* or gone meanwhile */
		if (c->options.json)
			list_json(&w, &r);
		else
			list_text(c->out, &r);
	}
	if (c->options.json) {
		jsonw_end_array(&w);
		text_puts(c->out, "\n");
	}
	store_close(&store);
	return got < 0 ? -1 : 0;
}

static int load(struct record *ret, struct context *c, struct error *e)
{
	struct store store = STORE_NONE;
	int r;

	if (oci_state_check_id(c->args[0], e) < 0)
		return -1;
	r = store_open(&store, c->root, false, e);
	if (r == 0)
		r = store_load(ret, &store, c->args[0], c->arena, e);
	store_close(&store);
	if (r == STORE_ABSENT)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all", c->root,
				 c->args[0]);
	return r;
}

/* --- vmcg paths --- */

/* The target in a hierarchy: in adopt mode the runtime may have another base in each. */
static const char *path_in(const struct record *r, const char *controller)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if (strcmp(s->controller, controller) == 0 && s->op != PLAN_PLACE &&
		    s->op != PLAN_ENABLE &&
		    (r->mode == MODE_ADOPT || strcmp(s->path, r->path) == 0))
			return s->path;
	}
	return r->path;
}

int inspect_paths(struct context *c, struct error *e)
{
	struct jsonw w = {.out = c->out, .pretty = true};
	struct cgroupfs fs;
	struct record r = {0};

	if (load(&r, c, e) < 0)
		return -1;
	cgroupfs_open(&fs, c->arena, r.mounts, r.n_mounts, c->options.yard);
	fs.look_only = true;
	if (c->options.json)
		jsonw_object(&w, NULL);
	for (size_t i = 0; i < r.n_mounts; i++) {
		const char *name = r.mounts[i].name;
		const char *path = cgroupfs_path(&fs, name, path_in(&r, name), NULL);

		if (c->options.json)
			jsonw_string(&w, name, path);
		else
			text_printf(c->out, "%-14s %s\n", name, path);
	}
	if (c->options.json) {
		jsonw_end_object(&w);
		text_puts(c->out, "\n");
	}
	cgroupfs_close(&fs);
	return 0;
}

/* --- vmcg show --- */

struct view {
	struct context *context;
	const struct record *record;
	struct cgroupfs fs;
	struct jsonw w; /* JSON form */
};

/* Live files worth a look, in the order they are shown; the first of a pair that exists. */
static const struct {
	const char *controller, *file;
} usage_files[] = {
    {"memory", "memory.current"},  {"memory", "memory.usage_in_bytes"},
    {"memory", "memory.peak"},     {"memory", "memory.max_usage_in_bytes"},
    {"cpuacct", "cpuacct.usage"},  {"cpu", "cpu.stat"},
    {"pids", "pids.current"},      {"memory", "memory.events"},
    {"memory", "memory.pressure"}, {"cpu", "cpu.pressure"},
    {"io", "io.pressure"},
};

static void show_usage(struct view *v)
{
	for (size_t i = 0; i < sizeof(usage_files) / sizeof(*usage_files); i++) {
		const char *controller = usage_files[i].controller, *file = usage_files[i].file;
		const char *live, *line;

		if (cgroupfs_read(&live, &v->fs, controller, path_in(v->record, controller), file,
				  NULL))
			continue;
		if (v->context->options.json) {
			jsonw_string(&v->w, file, live);
			continue;
		}
		for (line = live; *line; line += strspn(line, "\n")) {
			int n = (int)strcspn(line, "\n");

			text_printf(v->context->out, "  %-26s %.*s\n", line == live ? file : "", n,
				    line);
			line += n;
		}
	}
}

static void show_settings(struct view *v)
{
	for (size_t i = 0; i < v->record->n_steps; i++) {
		const struct plan_step *s = &v->record->steps[i].step;
		const char *live = NULL;

		if (s->op != PLAN_WRITE && s->op != PLAN_VERIFY)
			continue;
		if (cgroupfs_read(&live, &v->fs, s->controller, s->path, s->file, NULL))
			live = NULL;
		if (v->context->options.json) {
			jsonw_flat_object(&v->w, NULL);
			jsonw_string(&v->w, "controller", s->controller);
			jsonw_string(&v->w, "file", s->file);
			jsonw_string(&v->w, "set", s->value);
			jsonw_string(&v->w, "live", live);
			jsonw_string(&v->w, "why", s->why);
			jsonw_end_object(&v->w);
		} else {
			text_printf(v->context->out, "  %-26s %-22s now %s\n", s->file, s->value,
				    live ? live : "not there");
		}
	}
}

static void show_devices(struct view *v)
{
	const struct device_policy *p = &v->record->devices;
	char rule[32];

	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *d = &p->entries[i];

		if (v->context->options.json) {
			jsonw_flat_object(&v->w, NULL);
			jsonw_string(&v->w, "rule", devrules_format(d, rule));
			jsonw_string(&v->w, "why", d->why);
			jsonw_end_object(&v->w);
		} else {
			text_printf(v->context->out, "  %-26s %s\n", devrules_format(d, rule),
				    d->why ? d->why : "");
		}
	}
}

/* One listing is enough: own mode has the same processes in every hierarchy. */
static void show_processes(struct view *v)
{
	const char *name = v->record->n_mounts ? v->record->mounts[0].name : "";
	int64_t *pids;
	size_t n = 0;

	if (cgroupfs_procs(&pids, &n, &v->fs, name, path_in(v->record, name), NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		struct facts_process p = {0};
		bool kvm;

		if (procs_describe(&p, v->context->arena, "/proc", pids[i], NULL) < 0)
			continue;
		kvm = procs_holds_vm(v->context->arena, "/proc", p.pid);
		if (v->context->options.json) {
			jsonw_flat_object(&v->w, NULL);
			jsonw_int(&v->w, "pid", p.pid);
			jsonw_string(&v->w, "comm", p.comm);
			jsonw_bool(&v->w, "kvm", kvm);
			jsonw_end_object(&v->w);
		} else {
			text_printf(v->context->out, "  %-26lld %s%s\n", (long long)p.pid, p.comm,
				    kvm ? " (holds a KVM VM)" : "");
		}
	}
}

static void show_json(struct view *v)
{
	static const struct {
		const char *key;
		void (*show)(struct view *);
		bool object;
	} parts[] = {{"settings", show_settings, false},
		     {"devices", show_devices, false},
		     {"processes", show_processes, false},
		     {"usage", show_usage, true}};
	const struct record *r = v->record;

	v->w = (struct jsonw){.out = v->context->out, .pretty = true};
	jsonw_object(&v->w, NULL);
	jsonw_string(&v->w, "id", r->id);
	jsonw_string(&v->w, "status", record_status_name[r->status]);
	jsonw_string(&v->w, "layout", layout_name[r->layout]);
	jsonw_string(&v->w, "manager", manager_name[r->manager]);
	jsonw_string(&v->w, "mode", mode_name[r->mode]);
	jsonw_string(&v->w, "path", r->path);
	jsonw_string(&v->w, "bundle", r->bundle);
	jsonw_int(&v->w, "created", r->created);
	jsonw_int(&v->w, "pid", r->vm.pid);
	jsonw_bool(&v->w, "running", vm_runs(r));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i].object)
			jsonw_object(&v->w, parts[i].key);
		else
			jsonw_array(&v->w, parts[i].key);
		parts[i].show(v);
		if (parts[i].object)
			jsonw_end_object(&v->w);
		else
			jsonw_end_array(&v->w);
	}
	jsonw_end_object(&v->w);
	text_puts(v->context->out, "\n");
}

static void show_text(struct view *v)
{
	const struct record *r = v->record;
	struct text *out = v->context->out;
	struct tm tm = {0};
	time_t created = (time_t)r->created;
	char when[64];

	gmtime_r(&created, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	text_printf(out, "%s: %s\n", r->id, condition(r));
	text_printf(out, "  %-26s %s (%s, %s, %s)\n", "cgroup", r->path, mode_name[r->mode],
		    manager_name[r->manager], layout_name[r->layout]);
	text_printf(out, "  %-26s %lld %s\n", "VM process", (long long)r->vm.pid,
		    r->vm.comm ? r->vm.comm : "");
	text_printf(out, "  %-26s %s\n", "since", when);
	text_puts(out, "settings\n");
	show_settings(v);
	text_printf(out, "devices (default %s)\n", r->devices.allow ? "allow" : "deny");
	show_devices(v);
	text_puts(out, "processes\n");
	show_processes(v);
	text_puts(out, "usage\n");
	show_usage(v);
}

int show_command(struct context *c, struct error *e)
{
	struct record r = {0};
	struct view v = {.context = c, .record = &r};

	if (load(&r, c, e) < 0)
		return -1;
	cgroupfs_open(&v.fs, c->arena, r.mounts, r.n_mounts, c->options.yard);
	v.fs.look_only = true;
	if (c->options.json)
		show_json(&v);
	else
		show_text(&v);
	cgroupfs_close(&v.fs);
	return 0;
}
