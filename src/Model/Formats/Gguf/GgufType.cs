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

    /// <summary>The readable types, as messages list them.</summary>
    public static string Readable => string.Join(", ", s_tensors.Select(pair => $"{pair.Number} ({pair.Type})"));

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
