using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.LlmC;

/// <summary>
/// Reads a model file of llm.c: a header of 256 int32 [20240326, version, maxT, V, L, H, C, Vp], then the parameters, each for all layers
/// in one piece. Version 3 has F32, version 5 BF16. Tensors get the names that the parameters have here.
/// </summary>
/// <remarks>https://github.com/karpathy/llm.c/blob/master/train_gpt2.py, write_model</remarks>
internal sealed class LlmCReader : TensorSource
{
    public const int Magic = 20240326;
    public const int VersionOfFloats = 3;
    public const int VersionOfBFloats = 5;
    public const int HeaderInts = 256;
    public const int HeaderBytes = HeaderInts * sizeof(int);

    private readonly MappedFile _file;

    private LlmCReader(string path, MappedFile file, TransformerConfig config, int paddedVocabulary, IReadOnlyList<StoredTensor> entries)
        : base(path, entries)
    {
        _file = file;
        Config = config;
        PaddedVocabulary = paddedVocabulary;
    }

    /// <summary>The model's sizes.</summary>
    public TransformerConfig Config { get; }

    /// <summary>The rows of the token embedding in the file: rows from the vocabulary's size on belong to no token.</summary>
    public int PaddedVocabulary { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileFormatException">It is no such file, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static LlmCReader Open(string path) => Open(path, Parse);

    /// <summary>A model file that is opened for any use.</summary>
    /// <inheritdoc cref="Open"/>
    public static ModelFile OpenModel(string path)
    {
        LlmCReader reader = Open(path);
        return new ModelFile(path, ModelFormat.LlmC, reader.Config, reader, TensorMap.Own)
        {
            Metadata = new() { ["padded_vocabulary"] = reader.PaddedVocabulary },
            IsUnderstood = _ => true,
        };
    }

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    private protected override (MappedFile File, long Offset) Locate(StoredTensor entry) => (_file, HeaderBytes + entry.Begin);

    private static LlmCReader Parse(string path, MappedFile file)
    {
        if (file.Length < HeaderBytes)
            throw new FileFormatException(path, $"{file.Length} bytes found, a header of {HeaderBytes} expected");
        ReadOnlySpan<int> header = MemoryMarshal.Cast<byte, int>(file.Bytes(0, HeaderBytes));
        if (header[0] != Magic)
            throw new FileFormatException(path, $"the magic number {header[0]} found, llm.c's {Magic} of a model expected");
        StoredType type = header[1] switch
        {
            VersionOfFloats => StoredType.F32,
            VersionOfBFloats => StoredType.BF16,
            int version => throw new FileFormatException(path,
                $"llm.c model of version {version} found, version {VersionOfFloats} (float32) or {VersionOfBFloats} (bfloat16) expected"),
        };
        TransformerConfig config = ModelFile.Checked(path,
            Gpt2.Config(vocabularySize: header[3], context: header[2], layers: header[4], heads: header[5], width: header[6]));
        int padded = header[7];
        if (padded < config.VocabularySize)
            throw new FileFormatException(path, $"a vocabulary of {config.VocabularySize} padded to {padded} found, at least as many expected");
        // Before anything is made of it: the whole length follows from the header.
        Int128 expected = HeaderBytes + LlmCLayout.CountOf(config, padded) * type.BlockBytes();
        return expected == file.Length
            ? new LlmCReader(path, file, config, padded, LlmCLayout.TensorsOf(config, padded, type))
            : throw new FileFormatException(path, $"{file.Length} bytes found, the {expected} of the header's sizes expected");
    }
}
