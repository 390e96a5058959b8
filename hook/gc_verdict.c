/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc_verdict - is a recorded container dead?
 *
 * A process of the container that runs decides at once; in own mode so does any
 * process in the group, for the VM may have left a child there, or somebody else
 * may rely on the limits. In adopt mode the group is the runtime's, and one of
 * this path may be a later container's: who sits there says nothing.
 *
 * A setup or teardown that was cut short is finished here only for the dead. For
 * the living it may mean a move or a limit that comes off, so a person decides.
 */
#include "hook/gc_verdict.h"

/* What of the container runs; NULL: nothing that the record names. */
static const char *own_process(const struct record *r, const struct gc_sight *s, struct arena *a)
{
	if (s->vm_lives)
		return arena_printf(a, "VM process %lld runs", (long long)r->vm.pid);
	if (s->init_lives)
		return arena_printf(a, "the container's init, process %lld, runs",
				    (long long)r->init.pid);
	return NULL;
}

/* What else speaks against its death; NULL: nothing. */
static const char *doubt(const struct record *r, const struct gc_sight *s, struct arena *a)
{
	if (r->mode == MODE_OWN && s->inside)
		return arena_printf(a, "no VM of the record runs, but %llu process%s in %s",
				    (unsigned long long)s->inside,
				    s->inside == 1 ? " is" : "es are", s->where);
	/* Made for a VM that nobody has named yet: poststart will. */
	if (r->status == RECORD_APPLIED && !r->vm.pid && !r->init.pid)
		return "no process of it is known yet";
	return NULL;
}

static const char *why_dead(const struct record *r, const struct gc_sight *s)
{
	if (r->status == RECORD_INTENT)
		return "its setup is half-done, and no process of it runs";
	if (r->status == RECORD_LEAVING)
		return "its teardown is half-done, and no process of it runs";
	if (r->mode == MODE_ADOPT)
		return "the container is gone";
	return s->group ? "the VM is gone, and its cgroup is empty"
			: "the VM and its cgroup are gone";
}

/* Why it is left alone; and the way out, unless all is as it should be. */
static const char *why_lives(const struct record *r, const char *who, bool fine, struct arena *a)
{
	const char *half = r->status == RECORD_INTENT    ? ", and its setup is half-done"
			   : r->status == RECORD_LEAVING ? ", and its teardown is half-done"
							 : "";

	if (fine && !*half)
		return who;
	return arena_printf(a, "%s%s; vmcg destroy %s takes it down all the same", who, half,
			    r->id);
}

void gc_verdict(struct gc_verdict *ret, const struct record *r, const struct gc_sight *s,
		struct arena *a)
{
	const char *own, *who;

	*ret = (struct gc_verdict){.dead = true, .why = "the host was rebooted"};
	if (!s->this_boot)
		return;
	own = own_process(r, s, a);
	who = own ? own : doubt(r, s, a);
	*ret = (struct gc_verdict){
	    .dead = !who,
	    .why = who ? why_lives(r, who, own != NULL, a) : why_dead(r, s),
	};
}
