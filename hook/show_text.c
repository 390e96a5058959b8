/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_text - one container, for people
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "hook/columns.h"
#include "hook/human.h"
#include "hook/show_work.h"

void show_line(struct text *out, const char *word, const char *fmt, ...)
{
	struct arena a = {0};
	va_list ap;

	va_start(ap, fmt);
	text_printf(out, "  %-15s %s\n", word, arena_vprintf(&a, fmt, ap));
	va_end(ap);
	arena_free(&a);
}

/* --- what it is --- */

static void put_when(const struct show *s, struct text *out)
{
	const struct record *r = s->record;
	char when[64], ago[HUMAN_MAX];
	time_t created = (time_t)r->created;
	struct tm tm = {0};

	gmtime_r(&created, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (s->now >= r->created)
		show_line(out, "since", "%s (%s)", when,
			  human_seconds(ago, (uint64_t)(s->now - r->created)));
	else
		show_line(out, "since", "%s", when);
}

/* Did setup make the target, in any hierarchy? */
static bool was_made(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];

		if (s->step.op == PLAN_START ||
		    (s->step.op == PLAN_MKDIR && s->fresh && strcmp(s->step.path, r->path) == 0))
			return true;
	}
	return false;
}

/* Whose the group is, and what becomes of it. */
static const char *mode_words(const struct record *r)
{
	if (r->mode == MODE_ADOPT)
		return "adopt: the runtime made the group, vmcg tunes it and leaves it";
	if (r->joined)
		return "own: others were in the group before, only the VM is taken out again";
	if (!r->n_steps)
		return "own: nothing is delegated to this user, no limit applies";
	if (!was_made(r))
		return "own: the empty group was there before, vmcg leaves it";
	return "own: vmcg made the group and removes it";
}

static void put_vm(const struct show *s, struct text *out)
{
	const struct facts_process *vm = &s->record->vm;
	char threads[HUMAN_MAX], vcpus[HUMAN_MAX];
	struct text line = {0};

	if (!vm->pid) {
		show_line(out, "VM process", "none yet");
		return;
	}
	text_printf(&line, "%" PRId64 " %s", vm->pid, s->life.comm ? s->life.comm : "");
	if (s->life.hypervisor)
		text_printf(&line, " (%s)", s->life.hypervisor);
	text_puts(&line, s->life.runs ? ", running" : ", gone");
	if (s->life.runs && s->usage.frozen.v)
		text_puts(&line, ", frozen");
	if (s->life.vm.threads)
		text_printf(&line, ", %s", human_count(threads, s->life.vm.threads, "thread"));
	if (s->life.vm.vcpus)
		text_printf(&line, ", %s", human_count(vcpus, s->life.vm.vcpus, "vCPU"));
	show_line(out, "VM process", "%s", line.s);
	text_free(&line);
}

static void put_head(const struct show *s, struct text *out)
{
	const struct record *r = s->record;

	text_printf(out, "%s: %s\n", r->id, s->condition);
	show_line(out, "cgroup", "%s", r->path);
	show_line(out, "mode", "%s", mode_words(r));
	show_line(out, "manager", "%s", manager_name[r->manager]);
	if (r->unit)
		show_line(out, "unit", "%s%s%s", r->unit, r->slice ? " in " : "",
			  r->slice ? r->slice : "");
	show_line(out, "layout", "%s", layout_name[r->layout]);
	if (r->bundle)
		show_line(out, "bundle", "%s", r->bundle);
	put_when(s, out);
	put_vm(s, out);
}

/* --- settings --- */

/* Of a file with a line for each device only the line that was set; what is left on one line. */
static const char *live_words(const struct show_setting *s, struct arena *a)
{
	size_t n = strcspn(s->step->value, " ");
	char *live;

	if (!s->live)
		return "not there";
	if (!strchr(s->live, '\n'))
		return s->live;
	for (const char *line = s->live; *line; line += strspn(line, "\n")) {
		size_t len = strcspn(line, "\n");

		if (len > n && line[n] == ' ' && strncmp(line, s->step->value, n) == 0)
			return arena_copy(a, line, len);
		line += len;
	}
	live = arena_copy(a, s->live, strlen(s->live));
	for (char *c = live; (c = strchr(c, '\n'));)
		*c = ';';
	return live;
}

static void put_settings(const struct show *s, struct text *out)
{
	struct columns t = {.n_columns = 4};

	for (size_t i = 0; i < s->n_settings; i++) {
		const struct show_setting *one = &s->settings[i];

		columns_add(&t, s->arena, one->step->file);
		columns_add(&t, s->arena, one->step->value);
		columns_add(&t, s->arena,
			    arena_printf(s->arena, "now %s%s", live_words(one, s->arena),
					 one->live && one->differs ? " (differs)" : ""));
		columns_add(&t, s->arena, one->step->why);
	}
	text_printf(out, "settings%s\n", s->n_settings ? "" : ": none");
	columns_print(&t, "  ", out);
}

/* --- devices and processes --- */

static void put_devices(const struct show *s, struct text *out)
{
	const struct device_policy *p = &s->record->devices;
	struct columns t = {.n_columns = 2};
	char rule[32];

	if (!s->record->has_devices) {
		text_puts(out, "devices: the filter was left alone\n");
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		columns_add(&t, s->arena,
			    arena_printf(s->arena, "%s", devrules_format(&p->entries[i], rule)));
		columns_add(&t, s->arena, p->entries[i].why);
	}
	text_printf(out, "devices (default %s)\n", p->allow ? "allow" : "deny");
	columns_print(&t, "  ", out);
}

/* What there is to say of a process besides its name. */
static const char *remarks(const struct show_process *p, bool is_vm, struct arena *a)
{
	const struct {
		bool true_here;
		const char *word;
	} all[] = {{is_vm, "the VM process"},
		   {p->hypervisor != NULL, p->hypervisor},
		   {p->kvm, "holds a KVM VM"},
		   {p->added, "added"}};
	const char *list = NULL;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].true_here)
			list = list ? arena_printf(a, "%s, %s", list, all[i].word) : all[i].word;
	return list ? arena_printf(a, "(%s)", list) : NULL;
}

static void put_processes(const struct show *s, struct text *out)
{
	struct columns t = {.n_columns = 3};

	for (size_t i = 0; i < s->n_processes; i++) {
		const struct show_process *p = &s->processes[i];

		columns_add(&t, s->arena, arena_printf(s->arena, "%" PRId64, p->pid));
		columns_add(&t, s->arena, p->comm);
		columns_add(&t, s->arena,
			    remarks(p, s->life.runs && p->pid == s->record->vm.pid, s->arena));
	}
	text_printf(out, "processes%s\n", s->n_processes ? "" : ": none");
	columns_print(&t, "  ", out);
}

void show_text(const struct show *s, struct text *out)
{
	put_head(s, out);
	show_usage(&s->usage, out);
	put_settings(s, out);
	put_devices(s, out);
	put_processes(s, out);
}
