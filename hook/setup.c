/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup - from the documents to a finished group
 */
#include "hook/setup.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hook/apply.h"
#include "hook/cgpath.h"
#include "hook/compose.h"
#include "hook/input.h"
#include "hook/log.h"
#include "hook/setup_facts.h"
#include "hook/store.h"
#include "hook/teardown.h"

/* --- read --- */

static int read_config(struct setup *s, const char *rest, size_t len, struct error *e)
{
	int r;

	if (strspn(rest, " \t\r\n") < len)
		return oci_config_parse(&s->config, s->arena, rest, len, e);
	if (!s->state.bundle)
		return error_set(e, ERROR_INPUT,
				 "state: \"bundle\" is missing, and no config follows the state on "
				 "standard input");
	r = input_config(&rest, &len, s->state.bundle, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s/config.json: no such file", s->state.bundle);
	return r < 0 ? -1 : oci_config_parse(&s->config, s->arena, rest, len, e);
}

int setup_read(struct setup *s, struct context *c, struct error *e)
{
	const char *bytes;
	size_t len, used;

	*s = (struct setup){.context = c, .arena = c->arena, .held = PROCS_NONE};
	if (input_read(&bytes, &len, STDIN_FILENO, "state", s->arena, e) < 0 ||
	    oci_state_parse(&s->state, &used, s->arena, bytes, len, e) < 0)
		return -1;
	log_about(s->state.id);
	return read_config(s, bytes + used, len - used, e);
}

/* --- plan --- */

/* An io.vmcg. annotation that policy does not let act is worth a word: somebody relies on it. */
static void warn_annotations(struct setup *s, const struct oci_annotation *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *key = list[i].key;

		if (strncmp(key, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) != 0 ||
		    strcmp(key, ANNOTATION_ENABLE) == 0 ||
		    policy_lists(&s->context->policy.annotations, key))
			continue;
		plan_warn(&s->plan, "annotation %s is not allowed by the policy and was ignored",
			  key);
	}
}

/* The state's annotations are those of the config; a shim may send only one of the two. */
static const struct oci_annotation *annotations(const struct setup *s, size_t *ret_n)
{
	*ret_n = s->state.n_annotations ? s->state.n_annotations : s->config.n_annotations;
	return s->state.n_annotations ? s->state.annotations : s->config.annotations;
}

static int decide_target(struct setup *s, struct error *e)
{
	const struct context *c = s->context;
	const struct target_wishes w = {.id = s->state.id,
					.cgroups_path = s->config.cgroups_path,
					.manager = c->options.manager,
					.mode = c->options.mode,
					.init = s->init,
					.vm = s->vm,
					.join = c->policy.join,
					.rootless_require = c->policy.rootless_require};

	if (target_locate(&s->target, &w, &s->facts, s->arena, e) < 0 ||
	    target_decide(&s->target, &w, &s->facts, s->arena, e) < 0)
		return -1;
	if (s->target.manager == MANAGER_SYSTEMD && s->target.mode == MODE_OWN)
		return error_set(
		    e, ERROR_HOST,
		    "%s: this version cannot ask systemd for a scope (%s); let the runtime "
		    "make it, which is then adopted, or use --cgroup-manager cgroupfs",
		    s->target.path, s->target.unit);
	if (s->target.manager == MANAGER_SYSTEMD)
		plan_warn(
		    &s->plan,
		    "%s is systemd's: what is set here is not known to it and may be reset by "
		    "systemctl daemon-reload",
		    s->target.unit);
	return 0;
}

static int compose(struct setup *s, struct error *e)
{
	const struct compose_input in = {.resources = &s->config.resources,
					 .policy = &s->context->policy,
					 .facts = &s->facts,
					 .target = &s->target,
					 .devices = &s->devices,
					 .init = s->init,
					 .vm = s->vm,
					 .vm_why = s->vm_why};

	return compose_plan(&s->plan, &in, e);
}

int setup_plan(struct setup *s, const char *facts_file, struct error *e)
{
	const struct oci_annotation *list;
	size_t n;

	s->plan = (struct plan){.arena = s->arena};
	list = annotations(s, &n);
	warn_annotations(s, list, n);
	hypervisor_list(&s->devices, &s->context->policy, list, n, &s->plan);
	if (setup_facts(s, facts_file, e) < 0 || decide_target(s, e) < 0 || compose(s, e) < 0)
		return -1;
	return 0;
}

static void print_plan(struct setup *s)
{
	if (s->context->options.json)
		plan_json(&s->plan, s->context->out);
	else
		plan_text(&s->plan, s->context->out);
}

void setup_release(struct setup *s)
{
	procs_release(&s->held);
}

/* --- record and apply --- */

/* Adopt: what the config alone asked for, should the undo have to make that filter again. */
static int policy_before(struct record *r, struct setup *s, struct error *e)
{
	const struct hypervisor_devices none = {0};
	const struct policy neutral = {0};
	struct plan scratch = {.arena = s->arena};

	if (!s->plan.has_devices ||
	    hypervisor_policy(&scratch, &s->config.resources, &none, &neutral, &s->facts, e) < 0)
		return s->plan.has_devices ? -1 : 0;
	r->before = scratch.devices;
	return 0;
}

/* Seconds since the epoch. */
static int64_t now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static int make_record(struct record *r, struct setup *s, struct error *e)
{
	const struct facts_process *init = facts_process(&s->facts, s->init);
	const struct facts_process *vm = facts_process(&s->facts, s->vm);
	const struct facts_cgroup *g = facts_cgroup(&s->facts, s->target.path);

	record_from_plan(r, &s->plan, &s->facts, s->arena);
	r->id = s->state.id;
	r->status = RECORD_INTENT;
	r->boot = setup_boot_id(s->arena);
	r->bundle = s->state.bundle;
	r->created = now();
	r->kill = s->context->policy.kill;
	r->joined = s->target.mode == MODE_OWN && g && (g->procs || g->children);
	if (init)
		r->init = *init;
	if (vm)
		r->vm = *vm;
	return policy_before(r, s, e);
}

/* Everything was undone: a record that stays makes the next setup or teardown look again. */
static void forget(const struct store *store, const struct record *r, struct error *e)
{
	struct error second;

	if (store_remove(store, &second) == 0)
		return;
	error_add(e, "; but its record stays: %s; vmcg destroy %s removes it", second.text, r->id);
	e->kind = ERROR_UNDO;
}

static int apply(struct setup *s, struct store *store, struct error *e)
{
	struct cgroupfs fs;
	struct record record;
	struct apply ap = {.arena = s->arena,
			   .fs = &fs,
			   .record = &record,
			   .vm = s->held,
			   .page_size = s->facts.page_size};
	int r;

	if (make_record(&record, s, e) < 0)
		return -1;
	cgroupfs_open(&fs, s->arena, record.mounts, record.n_mounts, s->context->options.yard);
	r = apply_look(&ap, e);
	if (r == 0)
		r = store_save(store, &record, e);
	if (r == 0) {
		r = apply_run(&ap, e);
		record.status = RECORD_APPLIED;
		if (r == 0 && store_save(store, &record, e) < 0)
			r = apply_undo(&ap, e);
		if (r < 0 && e->kind != ERROR_UNDO)
			forget(store, &record, e);
		else if (r < 0)
			error_add(e, "; the record %s/%s.json stays: run vmcg destroy %s",
				  store->root, record.id, record.id);
	}
	for (size_t i = 0; i < ap.n_filters; i++)
		close(ap.filters[i].fd);
	cgroupfs_close(&fs);
	return r;
}

/* --- the stage --- */

/* A teardown that died half-way has taken the VM process out of some groups; one that has ended
 * is nobody's loss. */
static bool vm_is_in_place(const struct record *r, struct arena *a)
{
	struct facts_process now = {0};

	if (!r->vm.pid ||
	    procs_cgroups(&now.cgroups, &now.n_cgroups, a, "/proc", r->vm.pid, NULL) < 0)
		return true;
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *step = &r->steps[i].step;
		const char *is;

		if (step->op != PLAN_PLACE)
			continue;
		is = facts_process_path(&now, step->controller);
		if (!is || !cgpath_within(is, step->path))
			return false;
	}
	return true;
}

/* Is there a finished setup for the same container already? prestart and createRuntime may
 * both be configured, and a hook may be called twice. */
static bool is_done(const struct setup *s, const struct record *r)
{
	const struct facts_process *init = facts_process(&s->facts, s->init);
	const struct facts_process *was = s->state.pid ? &r->init : &r->vm;

	/* A shim may name the VM alone. */
	if (!s->state.pid)
		init = facts_process(&s->facts, s->vm);
	return r->status == RECORD_APPLIED && init && was->pid == init->pid &&
	       was->start == init->start &&
	       (s->context->options.yard || vm_is_in_place(r, s->arena));
}

/* What an earlier setup of this id left: nothing (0), all that is needed (1), or a rest that
 * is undone first. */
static int settle_earlier(struct setup *s, struct store *store, struct error *e)
{
	struct record r;
	int got;

	got = store_load(&r, store, s->state.id, s->arena, e);
	if (got)
		return got < 0 ? -1 : 0;
	setup_describe_caller(s);
	if (is_done(s, &r) && setup_is_this_boot(r.boot, s->arena)) {
		log_info("already set up in %s: nothing to do", r.path);
		return 1;
	}
	log_warning("a %s setup of this container was left behind in %s: taking it down first",
		    r.status != RECORD_APPLIED ? "half-done" : "former", r.path);
	return teardown_record(s->context, store, &r, e);
}

static int set_up_locked(struct setup *s, struct store *store, struct error *e)
{
	int r;

	r = settle_earlier(s, store, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (setup_plan(s, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < s->plan.n_warnings; i++)
		log_warning("%s", s->plan.warnings[i]);
	for (size_t i = 0; i < s->plan.n_notes; i++)
		log_info("%s", s->plan.notes[i]);
	if (apply(s, store, e) < 0)
		return -1;
	log_info("%s: %s %s, VM process %lld", s->plan.path, mode_name[s->plan.mode],
		 manager_name[s->plan.manager], (long long)s->vm);
	return 0;
}

int setup_run(struct setup *s, struct error *e)
{
	struct context *c = s->context;
	struct store store = STORE_NONE;
	int r;

	if (!s->state.pid && !c->options.vm_pid && !c->options.vm_pid_file)
		return error_set(
		    e, ERROR_INPUT,
		    "state: \"pid\" is missing or 0, and no VM process is named: setup "
		    "needs one of them (--vm-pid, --vm-pid-file)");
	if (c->options.dry_run) {
		if (setup_plan(s, NULL, e) < 0)
			return -1;
		print_plan(s);
		return 0;
	}
	r = store_open(&store, c->root, true, e);
	if (r == 0)
		r = store_lock(&store, s->state.id, STORE_LOCK_MS, e);
	if (r == STORE_ABSENT)
		r = error_set(e, ERROR_HOST,
			      "the container's id has %zu bytes: its record needs a file name, and "
			      "those end at 246; use a shorter id",
			      strlen(s->state.id));
	if (r == 0)
		r = set_up_locked(s, &store, e);
	store_close(&store);
	return r;
}

int setup_command(struct context *c, struct error *e)
{
	struct setup s;
	int r;

	r = setup_read(&s, c, e);
	if (r == 0)
		r = setup_run(&s, e);
	setup_release(&s);
	return r;
}

/* --- vmcg plan --- */

/* A document of the plan command; what is not named is made up or looked for here. */
static int read_state_file(struct setup *s, const char *file, struct error *e)
{
	const char *bytes;
	size_t len, used;
	int r;

	if (!file) {
		s->state = (struct oci_state){.id = "plan"};
		return 0;
	}
	r = input_file(&bytes, &len, file, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s: no such file", file);
	if (r < 0 || oci_state_parse(&s->state, &used, s->arena, bytes, len, e) < 0)
		return -1;
	if (used < len && strspn(bytes + used, " \t\r\n") < len - used) {
		/* The config may follow, as on the hook's standard input. */
		if (s->context->options.config)
			return error_set(e, ERROR_INPUT,
					 "%s: holds a config as well, but --config names another",
					 file);
		return oci_config_parse(&s->config, s->arena, bytes + used, len - used, e) < 0 ? -1
											       : 1;
	}
	return 0;
}

static int read_config_file(struct setup *s, struct error *e)
{
	const char *file = s->context->options.config;
	const char *bytes;
	size_t len;
	int r;

	if (!file && s->state.bundle)
		file = arena_printf(s->arena, "%s/config.json", s->state.bundle);
	if (!file)
		file = "config.json";
	r = input_file(&bytes, &len, file, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s: no such file (--config names it)", file);
	return r < 0 ? -1 : oci_config_parse(&s->config, s->arena, bytes, len, e);
}

int setup_plan_command(struct context *c, struct error *e)
{
	struct setup s = {.context = c, .arena = c->arena, .held = PROCS_NONE};
	int r;

	r = read_state_file(&s, c->options.state, e);
	if (r == 0)
		r = read_config_file(&s, e);
	if (r >= 0)
		r = setup_plan(&s, c->options.host, e);
	if (r == 0)
		print_plan(&s);
	setup_release(&s);
	return r;
}
