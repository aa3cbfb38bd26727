#include "textflag.h"

// func maskWide(p []byte, key uint32) int
//
// The first 32 bytes are masked as they lie, but stored last: the loop begins at
// the first aligned address after p, and reads some of them.
TEXT ·maskWide(SB), NOSPLIT, $0-40
	MOVQ p_base+0(FP), DI
	MOVQ p_len+8(FP), CX
	MOVL key+24(FP), AX
	MOVQ DI, SI
	VMOVD AX, X0
	VPBROADCASTD X0, Y0
	VPXOR (DI), Y0, Y5

	// DI: where the loop begins; CX: how much is left there; Y0: the key, turned
	// by as much.
	ADDQ $32, DI
	ANDQ $~31, DI
	MOVQ DI, BX
	SUBQ SI, BX
	SUBQ BX, CX
	ANDQ $~127, CX
	LEAQ (CX)(BX*1), DX
	MOVQ DX, ret+32(FP)
	MOVQ CX, DX
	MOVQ BX, CX
	SHLL $3, CX
	RORL CX, AX
	MOVQ DX, CX
	VMOVD AX, X0
	VPBROADCASTD X0, Y0

loop:
	VPXOR (DI), Y0, Y1
	VPXOR 32(DI), Y0, Y2
	VPXOR 64(DI), Y0, Y3
	VPXOR 96(DI), Y0, Y4
	VMOVDQA Y1, (DI)
	VMOVDQA Y2, 32(DI)
	VMOVDQA Y3, 64(DI)
	VMOVDQA Y4, 96(DI)
	ADDQ $128, DI
	SUBQ $128, CX
	JNE loop

	VMOVDQU Y5, (SI)
	VZEROUPPER
	RET
