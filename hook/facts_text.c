/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts_text - host facts for people: a word, and what there is to say about it
 *
 * One line a fact; a list goes on below its word.
 */
#include "hook/facts.h"

#include <inttypes.h>
#include <string.h>

/* Names of processes and cgroups may hold control characters: they are shown as
 * \xNN, so that none forges a line or talks to the terminal. */
static void put_escaped(struct text *out, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			text_printf(out, "\\x%02x", (unsigned char)*s);
		else
			text_put(out, s, 1);
	}
}

static void put_line(struct text *out, const char *word, struct text *value)
{
	text_printf(out, "%-12s ", word);
	put_escaped(out, value->s ? value->s : "");
	text_puts(out, "\n");
	text_free(value);
}

/* A line whose value is printf-formatted. */
#define PUT_LINE(out, word, ...)                  \
	do {                                      \
		struct text line_ = {0};          \
		text_printf(&line_, __VA_ARGS__); \
		put_line((out), (word), &line_);  \
	} while (0)

static void put_words(struct text *out, const char *word, const char *const *words, size_t n)
{
	text_printf(out, "%-12s", word);
	for (size_t i = 0; i < n; i++)
		text_printf(out, " %s", words[i]);
	text_puts(out, n ? "\n" : " none\n");
}

/* The word of a list's first line only. */
static const char *head(size_t i, const char *word)
{
	return i == 0 ? word : "";
}

static void put_machine(struct text *out, const struct facts *f)
{
	PUT_LINE(out, "layout", "%s", layout_name[f->layout]);
	PUT_LINE(out, "kernel", "%s", f->kernel);
	PUT_LINE(out, "page size", "%" PRIu64, f->page_size);
	PUT_LINE(out, "cpus", "%s", f->cpus);
	PUT_LINE(out, "mems", "%s", f->mems);
	if (f->systemd > 1)
		PUT_LINE(out, "systemd", "%" PRIu64, f->systemd);
	else
		PUT_LINE(out, "systemd", "%s", f->systemd ? "runs" : "does not run");
	PUT_LINE(out, "user", "%" PRIu64 "%s", f->euid, f->rootless ? ", rootless" : "");
	if (f->delegated)
		PUT_LINE(out, "delegated", "%s", f->delegated);
}

static void put_devices(struct text *out, const struct facts *f)
{
	for (size_t i = 0; i < f->n_devices; i++) {
		const struct facts_device *d = &f->devices[i];

		if (d->present)
			PUT_LINE(out, head(i, "devices"), "%-16s %c %" PRId64 ":%" PRId64, d->path,
				 d->type, d->major, d->minor);
		else
			PUT_LINE(out, head(i, "devices"), "%-16s not here", d->path);
	}
}

static void put_cgroups(struct text *out, const struct facts *f)
{
	for (size_t i = 0; i < f->n_cgroups; i++) {
		const struct facts_cgroup *c = &f->cgroups[i];
		struct text line = {0};

		text_printf(&line, "%s: processes %" PRIu64 ", children %" PRIu64, c->path,
			    c->procs, c->children);
		if (c->type && strcmp(c->type, "domain") != 0)
			text_printf(&line, ", %s", c->type);
		if (c->subtree_control)
			text_printf(&line, ", enables: %s",
				    *c->subtree_control ? c->subtree_control : "nothing");
		for (size_t j = 0; j < c->n_in; j++)
			text_printf(&line, "%s%s", j ? " " : ", only in: ", c->in[j]);
		put_line(out, head(i, "cgroups"), &line);
	}
}

static void put_processes(struct text *out, const struct facts *f)
{
	for (size_t i = 0; i < f->n_processes; i++) {
		const struct facts_process *p = &f->processes[i];

		PUT_LINE(out, head(i, "processes"), "%" PRId64 " %s%s%s", p->pid, p->comm,
			 p->init ? ", the container's init" : "", p->kvm ? ", holds a KVM VM" : "");
		for (size_t j = 0; j < p->n_cgroups; j++)
			PUT_LINE(out, "", "  %-12s %s", p->cgroups[j].hierarchy,
				 p->cgroups[j].path);
	}
}

void facts_text(const struct facts *f, struct text *out)
{
	put_machine(out, f);
	for (size_t i = 0; i < f->n_mounts; i++) {
		const struct facts_mount *m = &f->mounts[i];
		bool part = strcmp(m->root, "/") != 0;

		PUT_LINE(out, head(i, "mounts"), "%-12s %s%s%s", m->name, m->path,
			 part ? ", shows only " : "", part ? m->root : "");
	}
	put_words(out, "controllers", f->controllers, f->n_controllers);
	put_words(out, "files", f->files, f->n_files);
	put_devices(out, f);
	put_cgroups(out, f);
	put_processes(out, f);
}
