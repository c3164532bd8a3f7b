namespace MiniGpt.Tensors.Storage;

/// <summary>How the numbers of a tensor lie in a file. The names are those of safetensors, and GGUF's for Q8_0.</summary>
public enum StoredType
{
    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16,

    /// <summary>Blocks of 32 whole numbers of 8 bits with one scale: <see cref="Q8Block"/>.</summary>
    Q8_0,

    /// <summary>Whole numbers of 64 bits.</summary>
    I64,

    /// <summary>Whole numbers of 32 bits.</summary>
    I32,

    /// <summary>Whole numbers of 16 bits, without a sign.</summary>
    U16,

    /// <summary>Bytes.</summary>
    U8,

    /// <summary>A byte each, 0 or 1.</summary>
    BOOL,
}

/// <summary>Sizes of stored numbers.</summary>
public static class StoredTypes
{
    /// <summary>The numbers that are stored together and cannot be taken apart: 1, or 32 in Q8_0.</summary>
    public static int BlockSize(this StoredType type) => type == StoredType.Q8_0 ? Q8Block.Size : 1;

    /// <summary>The bytes of one block of <see cref="BlockSize"/> numbers.</summary>
    public static int BlockBytes(this StoredType type) => type switch
    {
        StoredType.F64 or StoredType.I64 => 8,
        StoredType.F32 or StoredType.I32 => 4,
        StoredType.F16 or StoredType.BF16 or StoredType.U16 => 2,
        StoredType.Q8_0 => Q8Block.Bytes,
        _ => 1,
    };

    /// <summary>Whether the numbers can be weights, rather than indices or flags.</summary>
    public static bool IsReal(this StoredType type) => type <= StoredType.Q8_0;
}
