using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using MiniGpt.Model.Generation;

namespace MiniGpt.Extensions.AI;

/// <summary>Brings a model into an application by its services.</summary>
public static class MiniGptServices
{
    /// <summary>
    /// Adds a model, read once it is asked for: as <see cref="TextModel"/>, as <see cref="IChatClient"/>, and as the
    /// <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of texts.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="path">A model folder or file.</param>
    /// <param name="limits">How much is taken on; null for the defaults.</param>
    public static IServiceCollection AddMiniGpt(this IServiceCollection services, string path, GenerationLimits? limits = null) => services
        .AddSingleton(_ => TextModel.Load(path, limits: limits))
        .AddSingleton<IChatClient>(provider => new MiniGptChatClient(provider.GetRequiredService<TextModel>()))
        .AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => new MiniGptEmbeddingGenerator(provider.GetRequiredService<TextModel>()));
}
