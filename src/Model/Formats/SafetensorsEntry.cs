namespace MiniGpt.Model.Formats;

/// <summary>How the numbers of a tensor are stored. The names are those of the format.</summary>
public enum SafetensorsType
{
    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16,

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

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Shape">Its dimensions, the slowest first. None of them for a single number.</param>
/// <param name="Begin">Where it begins, in bytes from the end of the header.</param>
/// <param name="End">Where it ends, in bytes from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>How many numbers it has.</summary>
    public long Count => (End - Begin) / BytesOf(Type);

    /// <summary>The bytes of one number.</summary>
    public static int BytesOf(SafetensorsType type) => type switch
    {
        SafetensorsType.F64 or SafetensorsType.I64 => 8,
        SafetensorsType.F32 or SafetensorsType.I32 => 4,
        SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.U16 => 2,
        _ => 1,
    };
}
