using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Formats.Llama2C;
using MiniGpt.Model.Formats.LlmC;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
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

    /// <summary>A model file of llama2.c.</summary>
    [JsonStringEnumMemberName("llama2.c")] Llama2C,
}

/// <summary>A model that was read.</summary>
/// <param name="Path">The folder or file.</param>
/// <param name="Any">The model, of whatever kind.</param>
/// <param name="Tokenizer">Its tokenizer, where there is one.</param>
/// <param name="ExtraKeys">The keys of config.json that mean nothing here, to be written back.</param>
public sealed record LoadedModel<T>(string Path, LanguageModel<T> Any, ITokenizer? Tokenizer, JsonObject ExtraKeys)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The tokenizer of the texts that a translator reads: the same one, where the languages do not have one each.</summary>
    public ITokenizer? SourceTokenizer { get => field ?? Tokenizer; init; }

    /// <summary>The model as one that goes on with a text.</summary>
    /// <exception cref="ModelKindException">It is of another kind.</exception>
    public Decoder<T> Model => As<Decoder<T>>(ModelKind.Decoder);

    /// <summary>The model as one that reads a text in both directions.</summary>
    /// <exception cref="ModelKindException">It is of another kind.</exception>
    public Encoder<T> Encoder => As<Encoder<T>>(ModelKind.Encoder);

    /// <summary>The model as one that translates.</summary>
    /// <exception cref="ModelKindException">It is of another kind.</exception>
    public Translator<T> Translator => As<Translator<T>>(ModelKind.Translator);

    private TModel As<TModel>(ModelKind wanted)
        where TModel : LanguageModel<T> => Any as TModel ?? throw new ModelKindException(Path, Any.Config.Kind, wanted);
}

/// <summary>
/// A model as it lies on the disk, in any form. Opening it reads what it says of itself and checks that against its length; weights are
/// mapped into memory and read when they are asked for. Only a GGUF file of another program that has an output matrix does not say whether
/// it is the token embedding once more: there, opening compares the two.
/// </summary>
public sealed class ModelFile : IDisposable
{
    private readonly TensorSource _source;
    private readonly TensorMap _map;

    internal ModelFile(string path, ModelFormat format, TransformerConfig config, TensorSource source, TensorMap map)
    {
        Path = path;
        Format = format;
        Config = config;
        _source = source;
        _map = map;
    }

    /// <summary>The folder or file.</summary>
    public string Path { get; }

    /// <summary>Its form.</summary>
    public ModelFormat Format { get; }

    /// <summary>The sizes and choices of the model.</summary>
    public TransformerConfig Config { get; }

    /// <summary>The tokenizer, where there is one.</summary>
    public ITokenizer? Tokenizer { get; internal init; }

    /// <summary>The tokenizer of the texts that a translator reads: the same one, where the languages do not have one each.</summary>
    public ITokenizer? SourceTokenizer { get => field ?? Tokenizer; internal init; }

    /// <summary>The keys of config.json that mean nothing here; none in the other forms.</summary>
    public JsonObject ExtraKeys { get; internal init; } = [];

    /// <summary>What else the file says of itself.</summary>
    public JsonObject Metadata { get; internal init; } = [];

    /// <summary>The keys of <see cref="Metadata"/> that are part of the configuration, of the tokenizer, or of the form itself.</summary>
    internal Func<string, bool> IsUnderstood { get; init; } = _ => false;

    /// <summary>Is told how far the reading of weights is; null where nobody wants to know.</summary>
    public IProgress<DataProgress>? Progress { get; set; }

    /// <summary>The tensors under their names in the file, in the order of their data.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _source.Entries;

    /// <summary>The names of the files that the tensors are read from.</summary>
    internal IEnumerable<string> TensorFiles => _source.FileNames;

    /// <summary>Tensors of the file that are no parameters and change nothing.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public IEnumerable<StoredTensor> IgnoredTensors => ModelWeights.PassedOver(_source, Config, _map);

    /// <summary>Those of <see cref="IgnoredTensors"/> that a user may wonder about: heads of other tasks, say, but no masks of old files.</summary>
    /// <inheritdoc cref="IgnoredTensors"/>
    public IEnumerable<StoredTensor> StrangeTensors => IgnoredTensors.Where(tensor => !_map.IsMask(tensor.Name));

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
            throw new FileFormatException(path, "no such file or folder, a model folder, a .gguf, an llm.c or a llama2.c file expected");
        byte[] start = RegularFile.Beginning(path);
        if (start.AsSpan().SequenceEqual(GgufReader.Magic) || HasExtension(path, GgufModel.Extension))
            return GgufModel.Open(path, unknown);
        if (start.AsSpan().SequenceEqual(BitConverter.GetBytes(LlmCReader.Magic)))
            return LlmCReader.OpenModel(path);
        if (HasExtension(path, LlmCWriter.Extension))
            return Llama2CReader.OpenModel(path); // which has no magic number
        throw new FileFormatException(path, HasExtension(path, SafetensorsReader.Extension)
            ? "tensors without a configuration found, the folder around them expected"
            : "none of GGUF, llm.c and llama2.c found, a model folder, a .gguf, an llm.c or a llama2.c file expected");
    }

    /// <summary>Opens a model and reads all of it.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="unknown">What the tokenizer does with characters that it does not know.</param>
    /// <param name="progress">Is told how far the reading is.</param>
    /// <exception cref="FileFormatException">It is no model, or does not fit itself: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoadedModel<T> Load<T>(string path, UnknownCharacter unknown = UnknownCharacter.Error, IProgress<DataProgress>? progress = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ModelFile file = Open(path, unknown);
        file.Progress = progress;
        return file.Load<T>();
    }

    /// <summary>The form that a model has in a file or folder of a name: what .bin is follows from the architecture.</summary>
    public static ModelFormat FormatOf(string path, TransformerConfig config) =>
        FormatOf(path) == ModelFormat.LlmC && FamilyFormat.Of(config) is LlamaFormat ? ModelFormat.Llama2C : FormatOf(path);

    /// <summary>The form that a file or folder of this name has, .bin taken for llm.c's.</summary>
    public static ModelFormat FormatOf(string path) =>
        HasExtension(path, GgufModel.Extension) ? ModelFormat.Gguf
        : HasExtension(path, LlmCWriter.Extension) ? ModelFormat.LlmC
        : ModelFormat.HuggingFace;

    /// <summary>The types in which a form can keep matrices, the usual one first.</summary>
    public static IReadOnlyList<StoredType> TypesOf(ModelFormat format) => format switch
    {
        ModelFormat.Gguf => [StoredType.F32, StoredType.F16, StoredType.Q8_0],
        ModelFormat.LlmC or ModelFormat.Llama2C => [StoredType.F32],
        _ => [StoredType.F32, StoredType.F64, StoredType.F16, StoredType.BF16],
    };

    /// <summary>Writes a model in the form that the ending of the path says: .gguf, .bin for llm.c or llama2.c, else a folder.</summary>
    /// <param name="path">The folder or file. What has its name is replaced once the new one is whole.</param>
    /// <param name="any">The model.</param>
    /// <param name="tokenizer">Its tokenizer, if it has one; llm.c's files have no room for it.</param>
    /// <param name="extraKeys">Keys for config.json that mean nothing here.</param>
    /// <param name="type">One of <see cref="TypesOf"/>, for matrices; left out, F32.</param>
    /// <param name="sourceTokenizer">The tokenizer of the texts that a translator reads, where it is another.</param>
    /// <param name="progress">Is told how far the writing of weights is.</param>
    /// <exception cref="ArgumentException">
    /// The form cannot hold the model, the type or the tokenizer, or a number is too large for the type: one line says why.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save<T>(
        string path, LanguageModel<T> any, ITokenizer? tokenizer = null, JsonObject? extraKeys = null, StoredType type = StoredType.F32,
        ITokenizer? sourceTokenizer = null, IProgress<DataProgress>? progress = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ModelFormat format = FormatOf(path, any.Config);
        Require.That(TypesOf(format).Contains(type),
            $"{path}: a model in this form has numbers of type {string.Join(" or ", TypesOf(format))}, not {type}");
        if (format == ModelFormat.HuggingFace)
        {
            ModelFolder.Save(path, any, tokenizer, extraKeys, type, sourceTokenizer, progress);
            return;
        }
        Decoder<T> model = any as Decoder<T>
            ?? throw new ArgumentException($"{path}: this form holds models that go on with a text, not {ModelKindException.Say(any.Config.Kind)}; a folder holds it");
        using AtomicFile file = AtomicFile.CreateNamed(path);
        Stream stream = CountedStream.Of(file.Stream, model, type, progress);
        if (format == ModelFormat.Gguf)
            GgufModel.Write(stream, model, tokenizer, System.IO.Path.GetFileNameWithoutExtension(path), type);
        else if (format == ModelFormat.Llama2C)
            Llama2CWriter.Write(stream, model);
        else
            LlmCWriter.Write(stream, model);
        file.Commit();
    }

    /// <summary>Reads all of the model, each number rounded to the precision that is asked for.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public LoadedModel<T> Load<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(Path, ModelWeights.Read<T>(_source, Config, _map, Progress), Tokenizer, ExtraKeys)
        {
            SourceTokenizer = SourceTokenizer,
        };

    /// <summary>
    /// The model as generation reads it: all of it is read, matrices laid out to be multiplied, those in Q8_0 in their 8 bits, those in F16 and
    /// BF16 in their 16 where no bit is lost. This may be disposed of afterwards.
    /// </summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    /// <exception cref="ModelKindException">The model does not go on with a text.</exception>
    public Decoder<float> LoadForReading()
    {
        RequireKind(ModelKind.Decoder);
        return (Decoder<float>)LoadAnyForReading();
    }

    /// <summary>The same of a model of any kind.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public LanguageModel<float> LoadAnyForReading()
    {
        (LanguageModel<float> model, Dictionary<Parameter<float>, StoredPart[]> parts) = ModelWeights.Match<float>(_source, Config, _map);
        ModelWeights.CheckTied(_source, model, _map, parts);
        long done = 0, total = model.Parameters.All.Sum(parameter => parameter.Shape.Count);
        using Arena arena = new();
        LanguageModel<float> reading = model.Reading(Matrix, parameter => ReadInto(new Tensor<float>(parameter.Shape), Told(parameter)));
        if (parts.Values.Any(list => list.Length == 0))
            reading.Input.FillFixedPositions();
        return reading;

        WeightMatrix<float> Matrix(Parameter<float> parameter)
        {
            if (Blocks(parts[Told(parameter)]) is Q8Matrix blocks)
            {
                using (blocks)
                    return new QuantizedMatrix(blocks);
            }
            arena.Reset(); // one matrix after the other in the same memory, on its way to where it stays
            StoredType type = parts[parameter] is [{ } first, ..] ? first.Entry.Type : StoredType.F32; // one that is not in the file is what it was made as
            return new PanelMatrix<float>(ReadInto(arena.Allocate<float>(parameter.Shape), parameter), type);
        }

        Parameter<float> Told(Parameter<float> parameter)
        {
            Progress?.Report(new DataProgress("reading the model", done, total));
            done += parameter.Shape.Count;
            return parameter;
        }

        Tensor<float> ReadInto(Tensor<float> values, Parameter<float> parameter)
        {
            ModelWeights.ReadInto(_source, parts[parameter], values.Span);
            return values;
        }
    }

    /// <summary>Throws where the model is of another kind than is wanted.</summary>
    /// <exception cref="ModelKindException">It is.</exception>
    public void RequireKind(ModelKind wanted)
    {
        if (Config.Kind != wanted)
            throw new ModelKindException(Path, Config.Kind, wanted);
    }

    /// <summary>Builds the model without memory for its numbers: every tensor is known to be there, in its shape.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public void CheckTensors() => ModelWeights.Match<float>(_source, Config, _map);

    /// <summary>Ends the mapping.</summary>
    public void Dispose() => _source.Dispose();

    /// <summary>A configuration that came out of a file, once it is known to keep the rules.</summary>
    /// <exception cref="FileFormatException">It breaks a rule of <see cref="TransformerConfig.Validate"/>.</exception>
    internal static TransformerConfig Checked(string path, TransformerConfig config) => JsonFile.Refusing(path, () =>
    {
        config.Validate();
        return config;
    });

    /// <summary>A matrix of the model in Q8_0, its rows in the model's order; null where the file has some of it in another type.</summary>
    private Q8Matrix? Blocks(StoredPart[] parts)
    {
        if (!parts.All(part => part.Entry is { Type: StoredType.Q8_0, Shape.Count: 2 } && part.Layout != TensorLayout.Transposed))
            return null;
        if (parts is [{ Layout: TensorLayout.AsIs }])
            return _source.Blocks(parts[0].Entry);
        Q8Matrix whole = new(parts.Sum(part => part.Rows), parts[0].Columns);
        foreach (StoredPart part in parts)
        {
            using Q8Matrix blocks = _source.Blocks(part.Entry);
            for (int row = 0; row < part.Rows; row++)
            {
                int inFile = part.Layout == TensorLayout.TurnsNeighbours ? TensorRows.OfNeighbours(row, part.HeadSize) : row;
                blocks.Row(inFile).CopyTo(whole.RowToFill(part.FirstRow + row));
            }
        }
        return whole;
    }

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
