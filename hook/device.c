/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - the commands that allow devices to a running VM, and revoke them
 *
 * A node is what is granted: its numbers as they are now, never a link's, whose
 * owner could choose another. All paths are looked at before anything is changed,
 * and all of them are granted or none.
 */
#include "hook/device.h"

#include <string.h>
#include <unistd.h>

#include "hook/change.h"
#include "hook/devnode.h"
#include "hook/log.h"
#include "hook/plugs.h"
#include "hook/quirks.h"
#include "hook/replan.h"
#include "oci/state.h"

struct device {
	struct change change;
	struct replan replan;
};

/* What came of one path. */
struct outcome {
	struct record_plug plug;
	const char *what; /* "allowed", "allowed already", "revoked", "not allowed" */
	bool changes;     /* the first and the third */
};

/* --- list --- */

static void put_number(struct jsonw *w, const char *key, int64_t number)
{
	if (number == OCI_ANY)
		jsonw_null(w, key);
	else
		jsonw_int(w, key, number);
}

void device_json(struct jsonw *w, const struct record *r)
{
	jsonw_string(w, "default", !r->has_devices ? NULL : r->devices.allow ? "allow" : "deny");
	jsonw_array(w, "rules");
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct device_entry *d = &r->devices.entries[i];

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "type", d->type == 'b' ? "b" : "c");
		put_number(w, "major", d->major);
		put_number(w, "minor", d->minor);
		jsonw_string(w, "access", devrules_access(d->access));
		jsonw_string(w, "why", d->why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_json(struct context *c, const struct record *r)
{
	struct jsonw w = {.out = c->out, .pretty = true};

	jsonw_object(&w, NULL);
	jsonw_string(&w, "id", r->id);
	device_json(&w, r);
	jsonw_end_object(&w);
	text_puts(c->out, "\n");
}

static void put_text(struct context *c, const struct record *r)
{
	char rule[32];

	text_printf(c->out, "default %s\n",
		    !r->has_devices    ? "(not filtered by vmcg)"
		    : r->devices.allow ? "allow, but not"
				       : "deny, but");
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct device_entry *d = &r->devices.entries[i];

		text_printf(c->out, "%-20s %s\n", devrules_format(d, rule), d->why ? d->why : "");
	}
}

static int list(struct context *c, struct error *e)
{
	struct store store = STORE_NONE;
	struct record r = {0};
	int got;

	if (c->n_args != 2)
		return error_set(e, ERROR_USAGE, "usage: vmcg [OPTIONS] device list ID");
	if (oci_state_check_id(c->args[1], e) < 0)
		return -1;
	log_about(c->args[1]);
	got = store_open(&store, c->root, false, e);
	if (got == 0)
		got = store_load(&r, &store, c->args[1], c->arena, e);
	store_close(&store);
	if (got == STORE_ABSENT)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all", c->root,
				 c->args[1]);
	if (got < 0)
		return -1;
	if (c->options.json)
		put_json(c, &r);
	else
		put_text(c, &r);
	return 0;
}

/* --- what a path names --- */

static int refuse_path(const char *path, int what, struct error *e)
{
	if (what == DEVNODE_LINK)
		return error_set(e, ERROR_HOST,
				 "%s: a symbolic link: who can change it would choose the device; "
				 "name the node itself (readlink -f %s)",
				 path, path);
	if (what == DEVNODE_OTHER)
		return error_set(e, ERROR_HOST, "%s: no device node, so no rule can name it", path);
	return error_set(
	    e, ERROR_HOST,
	    "%s: no such device node on this host; load its module, or bind the device "
	    "to its driver first",
	    path);
}

static int look_at(struct record_plug *ret, const char *path, struct error *e)
{
	struct devnode node;
	int r;

	if (path[0] != '/')
		return error_set(e, ERROR_INPUT, "\"%s\" is not an absolute path", path);
	r = devnode_look(&node, path);
	if (r == 0)
		*ret = (struct record_plug){
		    .path = path, .type = node.type, .major = node.major, .minor = node.minor};
	return r == DEVNODE_ABSENT ? DEVNODE_ABSENT : r ? refuse_path(path, r, e) : 0;
}

/* The administrator's list, as the nodes are now. */
static int refuse_denied(const struct context *c, const struct record_plug *d, struct error *e)
{
	for (size_t i = 0; i < c->policy.deny.n; i++) {
		const char *path = c->policy.deny.items[i];
		struct devnode node;

		if (devnode_look(&node, path) == 0 && node.type == d->type &&
		    node.major == d->major && node.minor == d->minor)
			return error_set(
			    e, ERROR_HOST,
			    "%s: the policy denies %s (/devices/deny); change the policy "
			    "first",
			    d->path, path);
	}
	return 0;
}

/* --- one path --- */

static int plug(struct device *x, struct outcome *ret, const char *path, const char *with,
		struct error *e)
{
	struct context *c = x->change.context;
	int r;

	r = look_at(&ret->plug, path, e);
	if (r)
		return r < 0 ? -1 : refuse_path(path, r, e);
	ret->plug.with = with;
	if (refuse_denied(c, &ret->plug, e) < 0)
		return -1;
	r = plugs_add(&x->change.after, &ret->plug, c->arena, e);
	ret->changes = r == 0;
	ret->what = r ? "allowed already" : "allowed";
	return r < 0 ? -1 : 0;
}

static int unplug(struct device *x, struct outcome *ret, const char *path, struct error *e)
{
	struct record *r = &x->change.after;
	bool there;
	int got;

	got = look_at(&ret->plug, path, e);
	if (got < 0)
		return -1;
	there = got == 0;
	got = plugs_remove(r, path, there ? &ret->plug : NULL, x->change.context->arena, e);
	if (got == PLUGS_UNKNOWN)
		return error_set(e, ERROR_HOST,
				 "%s: no such node, and no device was plugged in under this path; "
				 "vmcg device list %s shows the rules",
				 path, r->id);
	ret->plug.path = path;
	ret->changes = got == 0;
	ret->what = got ? "not allowed" : "revoked";
	return got < 0 ? -1 : 0;
}

/* --- bring the filters to it --- */

/* A change of the unit makes systemd write its files anew: what stands there as it should, and was
 * written behind its back, is looked at again behind that step. */
static void keep_values(struct device *x, struct plan *p)
{
	struct change *c = &x->change;
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < c->before.n_steps; i++) {
		const struct plan_step *s = &c->before.steps[i].step;
		const char *live;

		if ((s->op != PLAN_WRITE && s->op != PLAN_VERIFY) ||
		    cgroupfs_read(&live, &c->fs, s->controller, s->path, s->file, NULL) != 0 ||
		    !quirks_same(record_version(&c->before, s->controller), s->file, s->value, live,
				 page_size))
			continue;
		plan_add(p, PHASE_LIMITS, s->op, s->controller, s->path, s->file, s->value, s->why);
	}
}

static bool has_set(const struct plan *p)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].op == PLAN_SET)
			return true;
	return false;
}

/* The unit's device properties on record follow. */
static int keep_properties(struct device *x, struct error *e)
{
	struct record *r = &x->change.after;
	struct arena *a = x->change.context->arena;
	struct unit_properties all = {0};

	if (!r->properties || !x->replan.setup.plan.properties.n)
		return 0;
	if (unitprop_parse(&all, a, "record", r->properties, strlen(r->properties), e) < 0)
		return -1;
	all = unitprop_override(&all, &x->replan.setup.plan.properties, a);
	r->properties = unitprop_copy_text(&all, a);
	return 0;
}

static int bring_filters(struct device *x, struct error *e)
{
	struct record *r = &x->change.after;
	struct context *c = x->change.context;
	struct plan *p = &x->replan.setup.plan;
	struct apply ap = {.properties = &p->properties, .unwanted = &p->unwanted};

	x->replan = (struct replan){.record = r, .resources = &r->resources};
	if (replan_look(&x->replan, c, NULL, e) < 0 ||
	    replan_compose(&x->replan, &r->devices, &r->denied, true, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n_warnings; i++)
		log_warning("%s", p->warnings[i]);
	if (has_set(p))
		keep_values(x, p);
	return keep_properties(x, e) < 0 ? -1
					 : change_run(&x->change, &ap, p->steps, p->n_steps, e);
}

/* --- add, remove --- */

static void print(struct context *c, const struct outcome *list_, size_t n)
{
	struct jsonw w = {.out = c->out, .pretty = true};

	if (c->options.json)
		jsonw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct record_plug *d = &list_[i].plug;
		const bool would = c->options.dry_run && list_[i].changes;
		const char *result =
		    arena_printf(c->arena, "%s%s", would ? "would be " : "", list_[i].what);

		if (!c->options.json) {
			text_printf(c->out, "%s %c %lld:%lld %s%s%s\n", d->path, d->type,
				    (long long)d->major, (long long)d->minor, result,
				    d->with ? ", for " : "", d->with ? d->with : "");
			continue;
		}
		jsonw_flat_object(&w, NULL);
		jsonw_string(&w, "path", d->path);
		jsonw_string(&w, "type", d->type == 'b' ? "b" : "c");
		jsonw_int(&w, "major", d->major);
		jsonw_int(&w, "minor", d->minor);
		jsonw_string(&w, "result", result);
		jsonw_string(&w, "with", d->with);
		jsonw_end_object(&w);
	}
	if (c->options.json) {
		jsonw_end_array(&w);
		text_puts(c->out, "\n");
	}
}

static int change_all(struct device *x, bool adds, struct error *e)
{
	struct context *c = x->change.context;
	struct outcome *outcomes = NULL;
	size_t n = 0;

	if (!x->change.before.has_devices)
		return error_set(e, ERROR_HOST,
				 "%s: vmcg filters no devices here (rootless, or nothing was "
				 "delegated): a node's owner and mode decide",
				 x->change.before.id);
	for (size_t i = 2; i < c->n_args; i++) {
		const char *path = c->args[i], *companion = adds ? plugs_companion(path) : NULL;

		if (adds ? plug(x, ARENA_APPEND(c->arena, outcomes, n), path, NULL, e) < 0
			 : unplug(x, ARENA_APPEND(c->arena, outcomes, n), path, e) < 0)
			return -1;
		if (companion &&
		    plug(x, ARENA_APPEND(c->arena, outcomes, n), companion, path, e) < 0)
			return error_add(e, " (%s needs it)", path);
	}
	if (bring_filters(x, e) < 0)
		return -1;
	print(c, outcomes, n);
	return 0;
}

static int change_devices(struct context *c, bool adds, struct error *e)
{
	struct device x = {.change = CHANGE_NONE, .replan.setup.held = PROCS_NONE};
	int r;

	if (c->n_args < 3)
		return error_set(e, ERROR_USAGE, "usage: vmcg [OPTIONS] device %s ID PATH...",
				 c->args[0]);
	r = change_open(&x.change, c, c->args[1], e);
	if (r == 0)
		r = change_all(&x, adds, e);
	replan_release(&x.replan);
	change_close(&x.change);
	return r;
}

int device_command(struct context *c, struct error *e)
{
	const char *what = c->args[0];

	if (strcmp(what, "list") == 0)
		return list(c, e);
	if (strcmp(what, "add") == 0 || strcmp(what, "remove") == 0)
		return change_devices(c, *what == 'a', e);
	return error_set(e, ERROR_USAGE, "\"%s\" is none of list, add, remove", what);
}
