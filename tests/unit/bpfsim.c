/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfsim - runs a device program as the kernel would, and refuses what it would refuse
 *
 * The opcodes are spelled as numbers: a wrong macro in the generator must not
 * be right here by being wrong twice.
 */
#include "tests/unit/bpfsim.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	OP_LOAD32 = 0x61,
	OP_AND32 = 0x54,
	OP_RSH32 = 0x74,
	OP_MOV32 = 0xb4,
	OP_JEQ = 0x15,
	OP_JNE = 0x55,
	OP_JSET = 0x45,
	OP_EXIT = 0x95,
};

static bool is_jump(const struct bpf_insn *x)
{
	return x->code == OP_JEQ || x->code == OP_JNE || x->code == OP_JSET;
}

/* Walk forward, marking what can be reached: jumps only go forward, so one pass does. */
static const char *mark(const struct bpf_insn *insns, size_t n, bool *reached)
{
	reached[0] = true;
	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *x = &insns[i];

		if (!reached[i])
			return "an instruction that nothing reaches";
		if (x->code == OP_EXIT)
			continue;
		if (is_jump(x)) {
			if (x->off < 0)
				return "a jump back";
			if (i + 1 + (size_t)x->off >= n)
				return "a jump out of the program";
			reached[i + 1 + (size_t)x->off] = true;
		} else if (x->code != OP_LOAD32 && x->code != OP_AND32 && x->code != OP_RSH32 &&
			   x->code != OP_MOV32) {
			return "an unknown instruction";
		}
		if (i + 1 == n)
			return "the program runs off its end";
		reached[i + 1] = true;
	}
	return NULL;
}

const char *bpfsim_check(const struct bpf_insn *insns, size_t n)
{
	const char *bad;
	bool *reached;

	if (!n)
		return "no instructions";
	reached = calloc(n, sizeof(*reached));
	if (!reached)
		return "out of memory";
	bad = mark(insns, n, reached);
	free(reached);
	return bad;
}

/* The compare of a jump: the constant is sign-extended to 64 bits. */
static bool jumps(const struct bpf_insn *x, uint64_t value)
{
	uint64_t imm = (uint64_t)(int64_t)x->imm;

	switch (x->code) {
	case OP_JEQ: return value == imm;
	case OP_JNE: return value != imm;
	default: return value & imm;
	}
}

/* One calculation; false when it reads what is not there. r1 is the context. */
static bool calculate(const struct bpf_insn *x, uint64_t *reg, unsigned *set, const uint32_t *ctx)
{
	uint64_t *dst = &reg[x->dst_reg];
	bool known = *set & 1u << x->dst_reg;

	switch (x->code) {
	case OP_LOAD32:
		if (x->src_reg != 1 || x->off < 0 || x->off > 8 || x->off % 4)
			return false;
		*dst = ctx[x->off / 4];
		break;
	case OP_MOV32: *dst = (uint32_t)x->imm; break;
	case OP_AND32:
		if (!known)
			return false;
		*dst = (uint32_t)*dst & (uint32_t)x->imm;
		break;
	case OP_RSH32:
		if (!known || x->imm < 0 || x->imm > 31)
			return false;
		*dst = (uint32_t)*dst >> x->imm;
		break;
	default: return false;
	}
	*set |= 1u << x->dst_reg;
	return x->dst_reg != 1;
}

int bpfsim_run(const struct bpf_insn *insns, size_t n, char type, uint32_t major, uint32_t minor,
	       unsigned access)
{
	const uint32_t ctx[3] = {access << 16 | (type == 'b' ? 1u : 2u), major, minor};
	uint64_t reg[16] = {0};
	unsigned set = 0; /* registers with a value */
	size_t i = 0;

	while (i < n) {
		const struct bpf_insn *x = &insns[i++];

		if (x->code == OP_EXIT)
			return set & 1 && reg[0] <= 1 ? (int)reg[0] : -1;
		if (!is_jump(x)) {
			if (!calculate(x, reg, &set, ctx))
				return -1;
			continue;
		}
		if (!(set & 1u << x->dst_reg) || x->off < 0)
			return -1;
		if (jumps(x, reg[x->dst_reg]))
			i += (size_t)x->off;
	}
	return -1;
}
