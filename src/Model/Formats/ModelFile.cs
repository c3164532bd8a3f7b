using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Formats.LlmC;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>The forms in which models are kept.</summary>
public enum ModelFormat
{
    /// <summary>A folder as Hugging Face writes it.</summary>
    [JsonStringEnumMemberName("folder")] HuggingFace,

    /// <summary>A GGUF file, as llama.cpp reads it.</summary>
    [JsonStringEnumMemberName("gguf")] Gguf,

    /// <summary>A model file of llm.c.</summary>
    [JsonStringEnumMemberName("llm.c")] LlmC,
}

/// <summary>A model that was read.</summary>
/// <param name="Path">The folder or file.</param>
/// <param name="Gpt">The model.</param>
/// <param name="Tokenizer">Its tokenizer, where there is one.</param>
/// <param name="ExtraKeys">The keys of config.json that mean nothing here, to be written back.</param>
public sealed record LoadedModel<T>(string Path, Gpt<T> Gpt, ITokenizer? Tokenizer, JsonObject ExtraKeys)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>
/// A model as it lies on the disk, in any form. Opening it reads what it says of itself and checks that against its length; weights are
/// mapped into memory and read when they are asked for. Only a GGUF file of another program that has an output matrix does not say whether
/// it is the token embedding once more: there, opening compares the two.
/// </summary>
public sealed class ModelFile : IDisposable
{
    private readonly TensorSource _source;
    private readonly WeightNames _names;

    internal ModelFile(string path, ModelFormat format, GptConfig config, TensorSource source, WeightNames names)
    {
        Path = path;
        Format = format;
        Config = config;
        _source = source;
        _names = names;
    }

    /// <summary>The folder or file.</summary>
    public string Path { get; }

    /// <summary>Its form.</summary>
    public ModelFormat Format { get; }

    /// <summary>The sizes and choices of the model.</summary>
    public GptConfig Config { get; }

    /// <summary>The tokenizer, where there is one.</summary>
    public ITokenizer? Tokenizer { get; internal init; }

    /// <summary>The keys of config.json that mean nothing here; none in the other forms.</summary>
    public JsonObject ExtraKeys { get; internal init; } = [];

    /// <summary>What else the file says of itself.</summary>
    public JsonObject Metadata { get; internal init; } = [];

    /// <summary>The keys of <see cref="Metadata"/> that are part of the configuration, of the tokenizer, or of the form itself.</summary>
    internal Func<string, bool> IsUnderstood { get; init; } = _ => false;

    /// <summary>The tensors under their names in the file, in the order of their data.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _source.Entries;

    /// <summary>The names of the files that the tensors are read from.</summary>
    internal IEnumerable<string> TensorFiles => _source.FileNames;

    /// <summary>Tensors of the file that are no parameters and change nothing.</summary>
    public IEnumerable<StoredTensor> IgnoredTensors => Tensors.Where(tensor => _names.IsIgnored(tensor.Name));

    /// <summary>Opens a model folder, a GGUF file or a model file of llm.c: its content says which it is.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="unknown">What the tokenizer does with characters that it does not know.</param>
    /// <exception cref="FileFormatException">It is none of them, or does not fit itself: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelFile Open(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        if (Directory.Exists(path))
            return ModelFolder.Open(path, unknown);
        if (!File.Exists(path))
            throw new FileFormatException(path, "no such file or folder, a model folder, a .gguf or an llm.c file expected");
        byte[] start;
        using (MappedFile file = RegularFile.Map(path))
            start = file.Bytes(0, (int)Math.Min(sizeof(int), file.Length)).ToArray();
        if (start.AsSpan().SequenceEqual(GgufReader.Magic) || HasExtension(path, GgufModel.Extension))
            return GgufModel.Open(path, unknown);
        if (start.AsSpan().SequenceEqual(BitConverter.GetBytes(LlmCReader.Magic)) || HasExtension(path, LlmCWriter.Extension))
            return LlmCReader.OpenModel(path);
        throw new FileFormatException(path, HasExtension(path, SafetensorsReader.Extension)
            ? "tensors without a configuration found, the folder around them expected"
            : "neither GGUF nor llm.c found, a model folder, a .gguf or an llm.c file expected");
    }

    /// <summary>Opens a model and reads all of it.</summary>
    /// <exception cref="FileFormatException">It is no model, or does not fit itself: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoadedModel<T> Load<T>(string path, UnknownCharacter unknown = UnknownCharacter.Error)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ModelFile file = Open(path, unknown);
        return file.Load<T>();
    }

    /// <summary>The form that a file or folder of this name has.</summary>
    public static ModelFormat FormatOf(string path) =>
        HasExtension(path, GgufModel.Extension) ? ModelFormat.Gguf
        : HasExtension(path, LlmCWriter.Extension) ? ModelFormat.LlmC
        : ModelFormat.HuggingFace;

    /// <summary>The types in which a form can keep matrices, the usual one first.</summary>
    public static IReadOnlyList<StoredType> TypesOf(ModelFormat format) => format switch
    {
        ModelFormat.Gguf => [StoredType.F32, StoredType.F16, StoredType.Q8_0],
        ModelFormat.LlmC => [StoredType.F32],
        _ => [StoredType.F32, StoredType.F64, StoredType.F16, StoredType.BF16],
    };

    /// <summary>Writes a model in the form that the ending of the path says: .gguf, .bin for llm.c, else a folder.</summary>
    /// <param name="path">The folder or file. What has its name is replaced once the new one is whole.</param>
    /// <param name="gpt">The model.</param>
    /// <param name="tokenizer">Its tokenizer, if it has one; llm.c's files have no room for it.</param>
    /// <param name="extraKeys">Keys for config.json that mean nothing here.</param>
    /// <param name="type">One of <see cref="TypesOf"/>, for matrices; left out, F32.</param>
    /// <exception cref="ArgumentException">
    /// The form cannot hold the model, the type or the tokenizer, or a number is too large for the type: one line says why.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save<T>(
        string path, Gpt<T> gpt, ITokenizer? tokenizer = null, JsonObject? extraKeys = null, StoredType type = StoredType.F32)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ModelFormat format = FormatOf(path);
        Require.That(TypesOf(format).Contains(type),
            $"{path}: a model in this form has numbers of type {string.Join(" or ", TypesOf(format))}, not {type}");
        if (format == ModelFormat.HuggingFace)
        {
            ModelFolder.Save(path, gpt, tokenizer, extraKeys, type);
            return;
        }
        using AtomicFile file = AtomicFile.CreateNamed(path);
        if (format == ModelFormat.Gguf)
            GgufModel.Write(file.Stream, gpt, tokenizer, System.IO.Path.GetFileNameWithoutExtension(path), type);
        else
            LlmCWriter.Write(file.Stream, gpt);
        file.Commit();
    }

    /// <summary>Reads all of the model, each number rounded to the precision that is asked for.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public LoadedModel<T> Load<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(Path, GptWeights.Read<T>(_source, Config, _names), Tokenizer, ExtraKeys);

    /// <summary>
    /// The model as generation reads it: all of it is read, matrices laid out to be multiplied, those in Q8_0 in their 8 bits. This may be
    /// disposed of afterwards.
    /// </summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public FrozenGpt<float> Freeze()
    {
        (Gpt<float> gpt, StoredTensor[] entries) = GptWeights.Match<float>(_source, Config, _names);
        GptWeights.CheckTied(_source, gpt, _names);
        Dictionary<Parameter<float>, StoredTensor> entryOf = gpt.Parameters.All.Zip(entries).ToDictionary(pair => pair.First, pair => pair.Second);
        using Arena arena = new();
        return FrozenGpt<float>.From(gpt, Matrix, parameter => ReadInto(new Tensor<float>(parameter.Shape), parameter));

        WeightMatrix<float> Matrix(Parameter<float> parameter)
        {
            if (Blocks(parameter.Name) is Q8Matrix blocks)
                return new QuantizedMatrix(blocks);
            arena.Reset(); // one matrix after the other in the same memory, on its way to where it stays
            return new PanelMatrix<float>(ReadInto(arena.Allocate<float>(parameter.Shape), parameter));
        }

        Tensor<float> ReadInto(Tensor<float> values, Parameter<float> parameter)
        {
            GptWeights.ReadInto(_source, entryOf[parameter], _names.IsTransposed(parameter.Name), values.Span);
            return values;
        }
    }

    /// <summary>Builds the model without memory for its numbers: every tensor is known to be there, in its shape.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public void CheckTensors() => GptWeights.Match<float>(_source, Config, _names);

    /// <summary>A matrix of the model where it lies in the file, in Q8_0; null where the file has it in another type.</summary>
    /// <param name="parameter">Its <see cref="Parameter{T}.Name"/>. The matrix is [Out, In], and valid until this is disposed of.</param>
    public Q8Matrix? Blocks(string parameter) =>
        _source.TryGet(_names.Of(parameter), out StoredTensor? entry) && entry is { Type: StoredType.Q8_0, Shape.Count: 2 }
            ? _source.Blocks(entry)
            : null;

    /// <summary>Ends the mapping.</summary>
    public void Dispose() => _source.Dispose();

    /// <summary>A configuration that came out of a file, once it is known to keep the rules.</summary>
    /// <exception cref="FileFormatException">It breaks a rule of <see cref="GptConfig.Validate"/>.</exception>
    internal static GptConfig Checked(string path, GptConfig config)
    {
        try
        {
            config.Validate();
            return config;
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, error.Message, error);
        }
    }

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
