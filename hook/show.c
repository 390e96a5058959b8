/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show - the command that shows one container: what was set, and what is live
 *
 * Everything is gathered first, as one value; then it is printed.
 */
#include "hook/show.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hook/inspect.h"
#include "hook/procs.h"
#include "hook/quirks.h"
#include "hook/show_work.h"
#include "hook/usage_read.h"

/* --- settings --- */

static const struct quirk *quirk_of(const struct record *r, const struct plan_step *s)
{
	return quirks_find(record_version(r, s->controller), s->file);
}

static bool is_setting(const struct plan_step *s)
{
	return s->op == PLAN_WRITE || s->op == PLAN_VERIFY;
}

/* Does a later step decide what stands there? Where a file has a line for each device, or
 * pairs, only one that names the same. */
static bool is_overruled(const struct record *r, size_t at)
{
	const struct plan_step *s = &r->steps[at].step;
	const struct quirk *q = quirk_of(r, s);
	size_t n = strcspn(s->value, " ");

	if (q && q->readback == READBACK_LINES && s->value[n])
		n++;
	else if (q && (q->readback == READBACK_LINES || q->readback == READBACK_PAIRS))
		n = strlen(s->value) + 1;
	else
		n = 0;
	for (size_t i = at + 1; i < r->n_steps; i++) {
		const struct plan_step *later = &r->steps[i].step;

		if (is_setting(later) && strcmp(later->path, s->path) == 0 &&
		    strcmp(later->controller, s->controller) == 0 &&
		    strcmp(later->file, s->file) == 0 && strncmp(later->value, s->value, n) == 0)
			return true;
	}
	return false;
}

/* Of two files of which each device obeys one, one may refuse the value: it stands if the other
 * has it. */
static bool twin_stands(const struct show *s, const struct show_setting *one)
{
	const struct quirk *q = quirk_of(s->record, one->step);

	for (size_t i = 0; q && q->twin && i < s->n_settings; i++)
		if (strcmp(s->settings[i].step->file, q->twin) == 0 &&
		    strcmp(s->settings[i].step->path, one->step->path) == 0 &&
		    !s->settings[i].differs)
			return true;
	return false;
}

static void gather_settings(struct show *s, struct cgroupfs *fs)
{
	const struct record *r = s->record;
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *step = &r->steps[i].step;
		struct show_setting *one;

		if (!is_setting(step))
			continue;
		one = ARENA_APPEND(s->arena, s->settings, s->n_settings);
		one->step = step;
		if (s->gone ||
		    cgroupfs_read(&one->live, fs, step->controller, step->path, step->file, NULL))
			one->live = NULL;
		one->differs =
		    !one->live ||
		    (!is_overruled(r, i) && !quirks_same(record_version(r, step->controller),
							 step->file, step->value, one->live, page));
	}
	for (size_t i = 0; i < s->n_settings; i++)
		if (s->settings[i].differs && twin_stands(s, &s->settings[i]))
			s->settings[i].differs = false;
}

/* --- processes --- */

static bool was_added(const struct record *r, const struct facts_process *p)
{
	for (size_t i = 0; i < r->n_added; i++)
		if (r->added[i].pid == p->pid && r->added[i].start == p->start)
			return true;
	return false;
}

static void gather_processes(struct show *s, struct cgroupfs *fs)
{
	int64_t *pids;
	size_t n;

	inspect_processes(&pids, &n, fs, s->record);
	for (size_t i = 0; i < n; i++) {
		struct facts_process found = {0};
		struct show_process *one;

		if (procs_describe(&found, s->arena, "/proc", pids[i], NULL) < 0)
			continue;
		one = ARENA_APPEND(s->arena, s->processes, s->n_processes);
		one->pid = found.pid;
		one->comm = found.comm;
		one->kvm = procs_holds_vm(s->arena, "/proc", found.pid);
		one->hypervisor = vmm_name(found.comm, one->kvm);
		one->added = was_added(s->record, &found);
	}
}

/* Of another boot nothing is looked at: the paths may be somebody else's by now. */
static void gather(struct show *s, struct cgroupfs *fs)
{
	inspect_life(&s->life, fs, s->record, true);
	s->gone = !s->life.this_boot || !inspect_has_group(s->record);
	if (!s->gone)
		usage_read(&s->usage, fs, s->record);
	gather_settings(s, fs);
	if (!s->gone)
		gather_processes(s, fs);
	s->condition = inspect_condition(s->record, &s->life, &s->usage);
}

int show_command(struct context *c, struct error *e)
{
	struct record r = {0};
	struct show s = {.arena = c->arena, .record = &r};
	struct cgroupfs fs;

	if (inspect_load(&r, c, e) < 0)
		return -1;
	s.now = time(NULL);
	inspect_open(&fs, c, &r, c->arena);
	gather(&s, &fs);
	cgroupfs_close(&fs);
	if (c->options.json)
		show_json(&s, c->out);
	else
		show_text(&s, c->out);
	return 0;
}
