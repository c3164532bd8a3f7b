using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>A model with all that working with texts takes: its tokenizer, its form of conversations, and the service that continues texts.</summary>
public sealed class TextModel : IAsyncDisposable, IDisposable
{
    /// <summary>Takes a model into service.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="model">The model, laid out to be read.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">How conversations are written down for it; null for plainly.</param>
    /// <param name="limits">How much is taken on; null for the defaults.</param>
    /// <param name="sourceTokenizer">The tokenizer of the texts that a translator reads, where it is another.</param>
    /// <exception cref="ArgumentException">A limit makes no sense.</exception>
    public TextModel(
        string id, LanguageModel<float> model, ITokenizer tokenizer, ChatTemplate? template = null, GenerationLimits? limits = null, ITokenizer? sourceTokenizer = null)
    {
        SourceTokenizer = sourceTokenizer ?? tokenizer;
        (Id, Model, Tokenizer, Template, Limits) = (id, model, tokenizer, template ?? ChatTemplate.Plain, limits ?? new GenerationLimits());
        EndIds = ChatTemplate.EndIds(model.Config, tokenizer);
        if (model is Decoder<float> decoder)
            Generation = new GenerationService<float>(decoder, tokenizer, Limits);
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>The model.</summary>
    public LanguageModel<float> Model { get; }

    /// <summary>Turns texts to ids and back.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The same of the texts that a translator reads.</summary>
    public ITokenizer SourceTokenizer { get; }

    /// <summary>How conversations are written down.</summary>
    public ChatTemplate Template { get; }

    /// <summary>How much is taken on.</summary>
    public GenerationLimits Limits { get; }

    /// <summary>The ids that end a text.</summary>
    public IReadOnlyList<int> EndIds { get; }

    /// <summary>The model's sizes and choices.</summary>
    public TransformerConfig Config => Model.Config;

    /// <summary>Continues texts; null of models that do not.</summary>
    public GenerationService<float>? Generation { get; }

    /// <summary>Reads a model from the disk.</summary>
    /// <param name="path">A model folder or file.</param>
    /// <param name="tokenizer">Its tokenizer, where it has none of its own.</param>
    /// <param name="limits">How much is taken on; null for the defaults.</param>
    /// <param name="say">Is told what a user should hear.</param>
    /// <param name="progress">Is told how far the reading is.</param>
    /// <exception cref="FileFormatException">It is no model, or does not fit itself.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="ArgumentException">There is no tokenizer, or a limit makes no sense.</exception>
    public static TextModel Load(string path, ITokenizer? tokenizer = null, GenerationLimits? limits = null, Action<string>? say = null,
        IProgress<DataProgress>? progress = null)
    {
        using ModelFile file = ModelFile.Open(path);
        file.Progress = progress;
        ITokenizer reads = tokenizer ?? file.Tokenizer ?? throw new ArgumentException($"{path} has no tokenizer, without which there is no text");
        ChatTemplate template = ChatTemplate.Plain;
        if (ChatTemplateFile.Find(file) is { } jinja)
        {
            if (ChatTemplate.Recognise(jinja) is { } known)
                template = known;
            else
                say?.Invoke($"note: {path} has a chat template that is not one of the known ones; conversations are written as plain text, with User: and Assistant:");
        }

        // A folder can have a point in its name, as llama-3.2 has.
        string id = File.Exists(path) ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        return new TextModel(id, file.LoadAnyForReading(), reads, template, limits, tokenizer is null ? file.SourceTokenizer : null);
    }

    /// <summary>Ends all work and frees the memory.</summary>
    public ValueTask DisposeAsync() => Generation?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The same, waiting for it.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
