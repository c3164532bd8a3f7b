using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>The types of metadata, with the numbers that they have in the format.</summary>
internal enum GgufType : uint
{
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    Float32,
    Bool,
    String,
    Array,
    UInt64,
    Int64,
    Float64,
}

/// <summary>Sizes of metadata, and the numbers that tensor types have in the format.</summary>
internal static class GgufTypes
{
    // ggml has types in blocks of many kinds; these are the ones that can be read.
    private static readonly (uint Number, StoredType Type)[] s_tensors =
        [(0, StoredType.F32), (1, StoredType.F16), (8, StoredType.Q8_0), (28, StoredType.F64), (30, StoredType.BF16)];

    // The names that ggml gives to others, so that a message can say which it found.
    private static readonly (uint Number, string Name)[] s_others =
    [
        (2, "Q4_0"), (3, "Q4_1"), (6, "Q5_0"), (7, "Q5_1"), (9, "Q8_1"), (10, "Q2_K"), (11, "Q3_K"), (12, "Q4_K"), (13, "Q5_K"),
        (14, "Q6_K"), (15, "Q8_K"), (16, "IQ2_XXS"), (17, "IQ2_XS"), (18, "IQ3_XXS"), (19, "IQ1_S"), (20, "IQ4_NL"), (21, "IQ3_S"),
        (22, "IQ2_S"), (23, "IQ4_XS"), (24, "I8"), (25, "I16"), (26, "I32"), (27, "I64"), (29, "IQ1_M"), (34, "TQ1_0"), (35, "TQ2_0"),
        (39, "MXFP4"),
    ];

    /// <summary>The readable types, as messages list them.</summary>
    public static string Readable => string.Join(", ", s_tensors.Select(pair => $"{pair.Type}"));

    /// <summary>A type that cannot be read, by its name where it has one.</summary>
    public static string NameOf(uint number) => Array.Find(s_others, other => other.Number == number) is { Name: string name } ? $"{name} ({number})" : $"{number}";

    /// <summary>The type of a tensor; null where it cannot be read.</summary>
    public static StoredType? OfTensor(uint number) =>
        Array.FindIndex(s_tensors, pair => pair.Number == number) is var index and >= 0 ? s_tensors[index].Type : null;

    /// <summary>The number of a tensor's type.</summary>
    public static uint NumberOf(StoredType type) => s_tensors.First(pair => pair.Type == type).Number;

    /// <summary>The bytes of a value; 0 where they differ from value to value.</summary>
    public static int BytesOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        GgufType.UInt64 or GgufType.Int64 or GgufType.Float64 => 8,
        _ => 0,
    };
}
