/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devprog - the device program that means what a policy means
 *
 * How it works. The kernel hands over type, access, major and minor. r3 starts
 * as the bits that are asked for.
 *   default deny:  each entry that names the device takes its bits out of r3;
 *                  what is left at the end was granted by nobody
 *   default allow: each entry that names the device denies if r3 has one of its bits
 * So bits of several entries add up, the order of the entries does not matter,
 * and asking for nothing is granted. No instruction may be out of reach, or the
 * verifier refuses the program: the denying end exists only if something jumps
 * there.
 *
 * The type is taken from the 32-bit word, never by a narrow load, whose place
 * depends on the byte order. The compare sign-extends its constant; device
 * numbers have at most 20 bits.
 */
#include "hook/devprog.h"

#include <assert.h>

static_assert((int)OCI_MKNOD == (int)BPF_DEVCG_ACC_MKNOD &&
		  (int)OCI_READ == (int)BPF_DEVCG_ACC_READ &&
		  (int)OCI_WRITE == (int)BPF_DEVCG_ACC_WRITE,
	      "the bits of an access are not the kernel's");

enum {
	LOAD = BPF_LDX | BPF_MEM | BPF_W,
	AND = BPF_ALU | BPF_AND | BPF_K,
	SHIFT = BPF_ALU | BPF_RSH | BPF_K,
	MOVE = BPF_ALU | BPF_MOV | BPF_K,
	IF_EQUAL = BPF_JMP | BPF_JEQ | BPF_K,
	IF_OTHER = BPF_JMP | BPF_JNE | BPF_K,
	IF_BITS = BPF_JMP | BPF_JSET | BPF_K,
	EXIT = BPF_JMP | BPF_EXIT,
};

enum { VERDICT = BPF_REG_0, CONTEXT, TYPE, ASKED, MAJOR, MINOR };

enum { PROLOGUE = 6, EPILOGUE = 4 };

struct builder {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct builder *b, unsigned code, unsigned dst, unsigned src, size_t off,
		 int64_t imm)
{
	b->insns[b->n++] = (struct bpf_insn){.code = (__u8)code,
					     .dst_reg = dst & 0xf,
					     .src_reg = src & 0xf,
					     .off = (__s16)off,
					     .imm = (__s32)imm};
}

/* The bits that an entry adds to what wider ones hold. In normal order those stand behind it. */
static unsigned own_bits(const struct device_policy *p, size_t i)
{
	const struct device_entry *entry = &p->entries[i];
	unsigned access = entry->access;

	for (size_t j = i + 1; j < p->n; j++) {
		const struct device_entry *w = &p->entries[j];

		if (w->type == entry->type && (w->major == OCI_ANY || w->major == entry->major) &&
		    (w->minor == OCI_ANY || w->minor == entry->minor))
			access &= ~w->access;
	}
	return access;
}

static size_t entry_size(const struct device_entry *entry)
{
	return 2 + (size_t)(entry->major != OCI_ANY) + (size_t)(entry->minor != OCI_ANY);
}

/* One entry: skip it unless the device is named, then use its bits. end: where "deny" will be. */
static void emit_entry(struct builder *b, const struct device_entry *entry, unsigned bits,
		       bool allow, size_t end)
{
	size_t next = b->n + entry_size(entry);

	emit(b, IF_OTHER, TYPE, 0, next - b->n - 1,
	     entry->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (entry->major != OCI_ANY)
		emit(b, IF_OTHER, MAJOR, 0, next - b->n - 1, entry->major);
	if (entry->minor != OCI_ANY)
		emit(b, IF_OTHER, MINOR, 0, next - b->n - 1, entry->minor);
	if (allow)
		emit(b, IF_BITS, ASKED, 0, end - b->n - 1, bits);
	else
		emit(b, AND, ASKED, 0, 0, OCI_RWM & ~bits);
	assert(b->n == next);
}

static void emit_prologue(struct builder *b)
{
	emit(b, LOAD, TYPE, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(b, AND, TYPE, 0, 0, 0xffff);
	emit(b, LOAD, ASKED, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(b, SHIFT, ASKED, 0, 0, 16);
	emit(b, LOAD, MAJOR, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(b, LOAD, MINOR, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	assert(b->n == PROLOGUE);
}

static void emit_epilogue(struct builder *b, bool allow)
{
	emit(b, MOVE, VERDICT, 0, 0, 1);
	if (!allow)
		emit(b, IF_EQUAL, ASKED, 0, 1, 0);
	else
		emit(b, EXIT, 0, 0, 0, 0);
	emit(b, MOVE, VERDICT, 0, 0, 0);
	emit(b, EXIT, 0, 0, 0, 0);
}

void devprog_build_open(struct bpf_insn **ret, size_t *ret_n, struct arena *a)
{
	struct builder b = {.insns = arena_alloc(a, 2 * sizeof(*b.insns))};

	emit(&b, MOVE, VERDICT, 0, 0, 1);
	emit(&b, EXIT, 0, 0, 0, 0);
	*ret = b.insns;
	*ret_n = b.n;
}

int devprog_build(struct bpf_insn **ret, size_t *ret_n, const struct device_policy *p,
		  struct arena *a, struct error *e)
{
	struct builder b = {0};
	size_t size = PROLOGUE;

	if (p->allow && !p->n)
		return DEVPROG_E_OPEN;
	for (size_t i = 0; i < p->n; i++)
		size += entry_size(&p->entries[i]);
	if (size + EPILOGUE > DEVPROG_MAX)
		return error_set(e, ERROR_INPUT,
				 "device rules: %zu exceptions make a device program of %zu "
				 "instructions, more than %d: a jump cannot reach further; use "
				 "wildcards",
				 p->n, size + EPILOGUE, DEVPROG_MAX);
	b.insns = arena_alloc(a, (size + EPILOGUE) * sizeof(*b.insns));
	emit_prologue(&b);
	for (size_t i = 0; i < p->n; i++)
		emit_entry(&b, &p->entries[i], own_bits(p, i), p->allow, size + 2);
	emit_epilogue(&b, p->allow);
	*ret = b.insns;
	*ret_n = b.n;
	return 0;
}

void devprog_text(const struct bpf_insn *insns, size_t n, struct text *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *x = &insns[i];
		unsigned dst = x->dst_reg, src = x->src_reg;
		size_t target = i + 1 + (size_t)x->off;

		text_printf(out, "%zu: ", i);
		switch (x->code) {
		case LOAD: text_printf(out, "r%u = *(u32 *)(r%u + %d)\n", dst, src, x->off); break;
		case AND: text_printf(out, "w%u &= %d\n", dst, x->imm); break;
		case SHIFT: text_printf(out, "w%u >>= %d\n", dst, x->imm); break;
		case MOVE: text_printf(out, "w%u = %d\n", dst, x->imm); break;
		case IF_EQUAL:
			text_printf(out, "if r%u == %d goto %zu\n", dst, x->imm, target);
			break;
		case IF_OTHER:
			text_printf(out, "if r%u != %d goto %zu\n", dst, x->imm, target);
			break;
		case IF_BITS:
			text_printf(out, "if r%u & %d goto %zu\n", dst, x->imm, target);
			break;
		case EXIT: text_puts(out, "exit\n"); break;
		default: text_printf(out, "code %#x\n", x->code);
		}
	}
}
